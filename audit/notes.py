"""What was missing or odd about the evidence, in plain words."""

from gravity.audit.study import Study, listed
from gravity.audit.tables import where


def notes(study: Study) -> list[str]:
    """What the source said was missing, then cultures that are not known and rows that are in no figure."""
    said = list(study.evidence.notes)
    unknown = [name for name in study.cultures if name not in study.library.cultures]
    if unknown:
        said.append(
            f"no lexicon and no national figures are known of {listed(unknown)}: the figures that need them leave "
            f"{'it' if len(unknown) == 1 else 'them'} out"
        )
    for what, table in (("pairs", study.evidence.pairs), ("readers", study.evidence.readers)):
        without = table["culture"].null_count
        if without:
            said.append(f"{without} of {len(table)} {what} have no culture and are in no figure")
    if where(study.evidence.facts, "kind", "stance").any():
        if not len(study.evidence.views):
            said.append(
                "no views were read in the reviews: what readers show beyond the seeds, and how much of it the "
                "frameworks cover, is not measured"
            )
        elif not len(study.evidence.brought):
            said.append("readers brought no seeds: how much of their stances the frameworks cover is not measured")
    if len(study.cultures) == 1:
        said.append(f"all rows are of {study.called(study.cultures[0])}: there is no other culture to compare it with")
    return said
