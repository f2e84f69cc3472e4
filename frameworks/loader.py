"""All that is known beforehand: the shipped material, and what a material folder lays over it."""

from collections.abc import Callable, Hashable
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from gravity.frameworks.errors import DataError
from gravity.frameworks.reading import read_mapping, read_records, read_yaml, validated
from gravity.frameworks.records import Cues, Culture, Domain, Ends, Facet, Framework, Item, Record, Scene, Seed, Trait
from gravity.frameworks.taxonomy import Taxonomy

DATA = Path(__file__).parent / "data"

# The files of a material folder that are read, relative to it.
MATERIAL = (
    "frameworks.yaml",
    "cues.yaml",
    "facets.yaml",
    "seeds/*.jsonl",
    "items/*.jsonl",
    "cultures/*.yaml",
    "domains/*.yaml",
    "taxonomies/*.yaml",
    "scenarios/*.jsonl",
    "gold/stance/*.jsonl",
    "gold/scenarios/*.jsonl",
    "gold/bias/*.jsonl",
    "gold/views/*.jsonl",
    "gold/facets/*.jsonl",
    "gold/writings/*.jsonl",
    "gold/inventions/*.jsonl",
)

K = TypeVar("K", bound=Hashable)
R = TypeVar("R", bound=Record)


class Library:
    """The material of one folder, with that of an overlay over it; each part is read when first asked for.

    `root` has the layout of `frameworks/data`; the default is the material that ships with Gravity. `overlay` is a
    folder of the same layout, with any of the files in MATERIAL: its records are added to those of `root`, and one
    with the id of a record there replaces it. Two of one id within one folder are an error. Raises DataError where
    the overlay is no folder or holds nothing that is read.
    """

    def __init__(self, root: Path = DATA, overlay: Path | None = None) -> None:
        self.root = root
        self.overlay = overlay
        self.folders = [root]
        if overlay is not None:
            if not overlay.is_dir():
                raise DataError(f"{overlay}: there is no such material folder")
            self.folders.append(overlay)
            if not self.overlaid():
                raise DataError(f"{overlay}: this material folder holds none of {', '.join(MATERIAL)}")

    @cached_property
    def base(self) -> "Library":
        """The material without the overlay."""
        return self if self.overlay is None else Library(self.root)

    def overlaid(self) -> list[Path]:
        """The files of the overlay that are read."""
        return [path for folder in self.folders[1:] for pattern in MATERIAL for path in sorted(folder.glob(pattern))]

    @cached_property
    def frameworks(self) -> dict[str, Framework]:
        """Frameworks by id. Raises DataError where the shipped file is missing or one is malformed."""
        frameworks: dict[str, Framework] = {}
        for path in self._single("frameworks.yaml"):
            frameworks |= read_yaml(path, dict[str, Framework])
        return frameworks

    @cached_property
    def seeds(self) -> dict[str, Seed]:
        """Seeds by id, in file order. Raises DataError on a duplicate or an unknown dimension."""
        read = self.read("seeds", Seed, lambda seed: seed.id)
        for where, seed in read.values():
            framework = self.frameworks.get(seed.framework)
            if framework is None:
                raise DataError(f"{where}: unknown framework '{seed.framework}'")
            if seed.dimension not in framework.dimensions:
                raise DataError(f"{where}: {seed.framework} has no dimension '{seed.dimension}'")
        return {identity: seed for identity, (_, seed) in read.items()}

    @cached_property
    def facets(self) -> dict[str, Facet]:
        """Personality facets by id, in file order. Raises DataError where the shipped file is missing or one is
        malformed, and where one file has a facet in two traits."""
        facets: dict[str, Facet] = {}
        for path in self._single("facets.yaml"):
            own: dict[str, Facet] = {}
            for trait, ends in read_yaml(path, dict[Trait, dict[str, Ends]]).items():
                for name, both in ends.items():
                    if name in own:
                        raise DataError(f"{path}: {own[name].trait} and {trait} both have a facet '{name}'")
                    own[name] = Facet(id=name, trait=trait, **both.model_dump())
            facets |= own
        return facets

    @cached_property
    def items(self) -> dict[str, Item]:
        """Personality items by id, in file order. Raises DataError on a duplicate or an unknown facet; layouts of
        others name none, and what is taken from these stays without."""
        read = self.read("items", Item, lambda item: item.id)
        for where, item in read.values():
            facet = self.facets.get(item.facet)
            if item.written_here and (facet is None or facet.trait != item.trait):
                raise DataError(f"{where}: {item.trait} has no facet '{item.facet}': facets.yaml says which there are")
        return {identity: item for identity, (_, item) in read.items()}

    @cached_property
    def cultures(self) -> dict[str, Culture]:
        """Cultures by id. Raises DataError where one lacks scores or a lexicon."""
        cultures: dict[str, Culture] = {}
        for folder in self.folders:
            own: dict[str, tuple[str, Culture]] = {}
            for path in sorted(folder.glob("cultures/*.yaml")):
                culture = read_yaml(path, Culture)
                _add(own, culture.id, culture, str(path))
            cultures |= {identity: culture for identity, (_, culture) in own.items()}
        return cultures

    @cached_property
    def scenes(self) -> dict[tuple[str, str, int], Scene]:
        """The scenarios at hand by seed, culture and slot. Raises DataError on a duplicate or an unknown seed."""
        read = self.read("scenarios", Scene, lambda scene: (scene.seed, scene.culture, scene.slot))
        for where, scene in read.values():
            if scene.seed not in self.seeds or scene.culture not in self.cultures:
                raise DataError(f"{where}: unknown seed '{scene.seed}' or culture '{scene.culture}'")
        return {key: scene for key, (_, scene) in read.items()}

    @cached_property
    def cues(self) -> Cues:
        """Words that show a generalisation or a tone; an overlay has any of the lists, and adds to them.

        Raises DataError where the shipped file is missing or one is malformed.
        """
        shipped, *added = self._single("cues.yaml")
        cues = read_yaml(shipped, Cues)
        for path in added:
            given = validated(path, {**cues.model_dump(), **read_mapping(path)}, Cues)
            lists = {name: [*getattr(cues, name), *getattr(given, name)] for name in Cues.model_fields}
            cues = Cues.model_validate({name: [*dict.fromkeys(words)] for name, words in lists.items()})
        return cues

    def domain(self, name: str) -> Domain:
        """The domain in `domains/<name>.yaml`, of the overlay where it has one. Raises DataError if there is none."""
        return read_yaml(self._named("domains", name), Domain)

    def taxonomy(self, domain: Domain) -> Taxonomy:
        """The categories of a domain, in `taxonomies/<name>.yaml`, of the overlay where it has one; none where the
        domain names no file. Raises DataError where the file is missing."""
        if domain.taxonomy is None:
            return Taxonomy(id=domain.id)
        return read_yaml(self._named("taxonomies", domain.taxonomy), Taxonomy)

    def _named(self, kind: str, name: str) -> Path:
        """The file `<kind>/<name>.yaml`, of the overlay where it has one. Raises DataError if there is none."""
        known = {path.stem: path for folder in self.folders for path in sorted(folder.glob(f"{kind}/*.yaml"))}
        if name not in known:
            missing = self.folders[-1] / kind / f"{name}.yaml"
            raise DataError(f"{missing}: no such file; the {kind} at hand are {', '.join(known)}")
        return known[name]

    def _single(self, name: str) -> list[Path]:
        """The shipped file of that name, which has to be there, and the overlay's where it has one."""
        return [self.root / name, *(folder / name for folder in self.folders[1:] if (folder / name).exists())]

    def read(self, name: str, kind: type[R], key: Callable[[R], K]) -> dict[K, tuple[str, R]]:
        """The records in `<name>/*.jsonl` by `key`, each with its file and line.

        Raises DataError for one that is not valid, and for a second one of a key in the same folder.
        """
        records: dict[K, tuple[str, R]] = {}
        for folder in self.folders:
            own: dict[K, tuple[str, R]] = {}
            for where, record in read_records(sorted(folder.glob(f"{name}/*.jsonl")), kind):
                _add(own, key(record), record, where)
            records |= own
        return records


def _add(known: dict[K, tuple[str, R]], key: K, record: R, where: str) -> None:
    if key in known:
        raise DataError(f"{where}: id '{key}' is already taken by {known[key][0]}")
    known[key] = where, record
