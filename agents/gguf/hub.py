"""Model files on the Hugging Face hub, through its own client, cache and progress bar."""

from pathlib import Path

from gravity.agents.errors import ModelError

FORM = "hf:OWNER/REPO/FILE.gguf"


def on_the_hub(spec: str, name: str, revision: str | None) -> Path:
    """Where the file `name`, hf:OWNER/REPO/FILE.gguf, lies on this machine: in the hub's cache, or downloaded into it.

    `revision` is a branch, tag or commit. Raises ModelError, which names `spec` as the configuration has it.
    """
    parts = name.removeprefix("hf:").split("/", 2)
    if len(parts) < 3 or not all(parts) or not name.endswith(".gguf"):
        raise ModelError(f"'{spec}' names no model file on the hub: it has to be {FORM}")
    try:
        from huggingface_hub import constants, errors, hf_hub_download
    except ImportError:
        raise ModelError(f"'{spec}' needs the package huggingface_hub: pip install huggingface_hub") from None
    repository, file = f"{parts[0]}/{parts[1]}", parts[2]
    where = constants.ENDPOINT
    at = f" at the revision {revision}" if revision else ""
    try:
        # What is there is not looked for again: the file stays the same, and works offline.
        return Path(hf_hub_download(repository, file, revision=revision, local_files_only=True))
    except (errors.LocalEntryNotFoundError, errors.HFValidationError):
        pass
    try:
        return Path(hf_hub_download(repository, file, revision=revision))
    except errors.GatedRepoError:
        problem = f"{where} gives {repository} only to those who accepted its terms: do so there, and set HF_TOKEN"
    except errors.RepositoryNotFoundError:
        problem = f"{where} has no model {repository}, or HF_TOKEN does not open it"
    except errors.RevisionNotFoundError:
        problem = f"{where} has no revision {revision} of {repository}"
    # This one is also an EntryNotFoundError, and says that nothing could be asked.
    except errors.LocalEntryNotFoundError:
        problem = (
            f"{where} cannot be reached, and the cache {constants.HF_HUB_CACHE} does not have the file{at}: go online "
            "once, or set path to a file on this machine"
        )
    except errors.EntryNotFoundError:
        problem = f"{where} has no file {file} in {repository}{at}"
    except (errors.HfHubHTTPError, errors.HFValidationError, OSError, RuntimeError) as error:
        problem = f"{where}: {' '.join(str(error).split())[:200]}"
    raise ModelError(f"'{spec}' cannot be had: {problem}")
