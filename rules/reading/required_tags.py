"""Reading `required_tags:`."""

from rules.columns import TAG_PREFIX
from rules.located import Located
from rules.reading.fields import Problems, words


def read_required_tags(node: Located | None, problems: Problems) -> tuple[str, ...]:
    """Return the keys of the tags that every charge should have, in the order written; `[]` requires none."""
    if node is None or node.items == ():
        return ()
    keys = words(node, "`required_tags`", problems)
    for key in keys:
        if key.startswith(TAG_PREFIX):
            fix = f"write `{key.removeprefix(TAG_PREFIX)}`"
            problems.append(node.problem(f"`required_tags` holds keys, not columns: `{key}`", fix))
    if len(set(keys)) < len(keys):
        problems.append(node.problem("`required_tags` names a tag twice", "keep one"))
    return tuple(dict.fromkeys(keys))
