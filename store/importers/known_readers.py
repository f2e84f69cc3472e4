"""What is known of readers, in Gravity's own layout."""

from collections.abc import Container

from gravity.store.importers.fields import Fields, RefusedError, clean, name
from gravity.store.records import Reader


def reader(row: Fields, cultures: Container[str]) -> Reader:
    """A reader with id and, where given, culture, gender, age and location.

    Raises RefusedError where there is no id or the culture is not one of `cultures`.
    """
    given = {field: row.get(field) for field in ("culture", "gender", "age", "location")}
    known = {field: clean(value) or None for field, value in given.items() if value is not None}
    made = Reader(id=name(row.get("id"), "id"), **known)
    if made.culture is not None and made.culture not in cultures:
        raise RefusedError("unknown culture", made.culture)
    return made
