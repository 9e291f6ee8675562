"""AWS' tag keys: a tag of yours is `user:team` in exports, `user_team` in the maps of CUR 2.0, and `team` in rules."""

import pyarrow as pa
import pyarrow.compute as pc

from collectors.values.pairs import to_pairs

USER_TAG = r"^user:"
"""How the key of a tag of yours begins; those that AWS sets begin with `aws:` and stay as they are."""

USER_TAG_OF_CUR = r"^user[:_]"
"""CUR 2.0 also writes keys in lower case with underscores."""


def renamed(tags: pa.MapArray, pattern: str, replacement: str = "") -> pa.MapArray:
    """Replace the pattern in all keys; of keys that become the same the last stands, and null stays null."""
    keys = pc.replace_substring_regex(tags.keys, pattern, replacement)
    return to_pairs(pa.MapArray.from_arrays(tags.offsets, keys, tags.items, mask=tags.is_null())).values
