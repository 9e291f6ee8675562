"""AWS' tag keys: a tag of yours is `user:team` in exports, `user_team` in the maps of CUR 2.0, and `team` in rules."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.values.pairs import to_pairs

USER_TAG = r"^user:"
"""How the key of a tag of yours begins; those that AWS sets begin with `aws:` and stay as they are."""

USER_TAG_OF_CUR = r"^user[:_]"
"""CUR 2.0 also writes keys in lower case with underscores."""

RESOURCE_TAG_AMONG_ALL = r"^resourceTags/(?:user[:_])?"
"""How the key of a resource's tag begins where CUR 2.0 tells tags of every kind in one map."""

ACCOUNT_TAG = "accountTag/"
"""How AWS begins the key of an account's tag where it tells one beside the tags of resources."""


def renamed(tags: pa.MapArray, pattern: str, replacement: str = "") -> pa.MapArray:
    """Replace the pattern in all keys; of keys that become the same the last stands, and null stays null."""
    keys = pc.replace_substring_regex(tags.keys, pattern, replacement)
    return to_pairs(pa.MapArray.from_arrays(tags.offsets, keys, tags.items, mask=tags.is_null())).values


def merged(maps: list[pa.MapArray]) -> pa.MapArray:
    """Put the maps of each row into one, in their order; rows without any entry have an empty map.

    The maps are clean (`to_pairs`): a null holds no entries.
    """
    offsets = [one.offsets.to_numpy() for one in maps]
    counts = [np.diff(one) for one in offsets]
    rows = np.concatenate([np.repeat(np.arange(len(one)), one) for one in counts])
    order = pa.array(np.argsort(rows, kind="stable"))
    keys = pa.concat_arrays([one.keys.slice(at[0], at[-1] - at[0]) for one, at in zip(maps, offsets, strict=True)])
    items = pa.concat_arrays([one.items.slice(at[0], at[-1] - at[0]) for one, at in zip(maps, offsets, strict=True)])
    starts = np.concatenate([[0], np.cumsum(np.sum(counts, axis=0))])
    entries = pa.MapArray.from_arrays(pa.array(starts, pa.int32()), keys.take(order), items.take(order))
    return to_pairs(entries).values
