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


def test_what_the_trainer_needs_is_in_its_own_extra() -> None:
    assert "[train]" in str(missing_package(ModuleNotFoundError(name="torch.nn")))


def test_what_the_audit_needs_is_in_its_own_extra() -> None:
    assert "[audit]" in str(missing_package(ModuleNotFoundError(name="vl_convert")))
    assert missing_package(ModuleNotFoundError(name="gravity.audit.gone")) is None


def test_a_module_of_ours_that_is_missing_is_a_bug() -> None:
    assert missing_package(ModuleNotFoundError(name="gravity.store.gone")) is None
    assert missing_package(ValueError()) is None
