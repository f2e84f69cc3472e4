"""Where an extra is not installed, one line says which."""

import subprocess
import sys
from pathlib import Path

from gravity.errors import missing_package
from tests.gravity.support import environment


def test_a_missing_package_is_one_line(tmp_path: Path) -> None:
    # None in sys.modules is what Python takes for a package that is not there.
    code = "import sys; sys.modules['sqlalchemy'] = None; sys.argv = ['gravity', 'status']\n"
    code += "from gravity.cli import main; main()"
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    line = "error: the Python package sqlalchemy is not installed: pip install 'gravity-preferences[curate]'\n"
    assert (process.returncode, process.stderr) == (2, line)


# What a bare `pip install` does not bring: typer and what it needs are all there is.
EXTRAS = ("click", "jinja2", "numpy", "openai", "pyarrow", "pydantic", "pydantic_settings", "sqlalchemy", "yaml")


def bare(tmp_path: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Runs code where no extra is installed."""
    gone = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS!r}))\n"
    command = [sys.executable, "-c", gone + code]
    return subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)


def test_without_any_extra_help_is_there_and_commands_say_what_to_install(tmp_path: Path) -> None:
    start = "sys.argv = ['gravity', {}]; from gravity.cli import main; main()"
    done = bare(tmp_path, start.format("'--help'"))
    assert done.returncode == 0 and "curate" in done.stdout
    done = bare(tmp_path, start.format("'status'"))
    assert done.returncode == 2 and "pip install 'gravity-preferences[curate]'" in done.stderr
    done = bare(tmp_path, "import gravity; gravity.open()")
    assert "ModuleNotFoundError: the Python package" in done.stderr
    assert "pip install 'gravity-preferences[curate]'" in done.stderr


def test_what_the_trainer_needs_is_in_its_own_extra() -> None:
    assert "[train]" in str(missing_package(ModuleNotFoundError(name="torch.nn")))


def test_what_the_audit_needs_is_in_its_own_extra() -> None:
    assert "[audit]" in str(missing_package(ModuleNotFoundError(name="vl_convert")))
    assert missing_package(ModuleNotFoundError(name="gravity.audit.gone")) is None


def test_a_module_of_ours_that_is_missing_is_a_bug() -> None:
    assert missing_package(ModuleNotFoundError(name="gravity.store.gone")) is None
    assert missing_package(ValueError()) is None
