"""The rule that `prices:` brings along: an estimate belongs to the team that its usage names, before any other rule."""

from rules.located import Located

ESTIMATES_RULE = "usage that names its team"
_RULE = {
    "name": ESTIMATES_RULE,
    "match": {"x_Basis": "estimated", "tags.team": "present"},
    "owner": {"team": "tags.team", "project": "tags.project", "environment": "tags.environment"},
}


def with_estimates_rule(entries: dict[str, Located], prices: Located | None) -> dict[str, Located]:
    """Return a document's parts with the rule before the others, where there are prices; it has their file and line.

    Usage goes to the team that its facts name whatever the rules say; what it is estimated to cost must follow it.
    """
    if prices is None or not prices.items:
        return entries
    rules = entries.get("rules")
    if rules is not None and not rules.is_empty and rules.items is None:
        return entries
    own = _located(_RULE, prices)
    listed = () if rules is None else rules.items or ()
    place = prices if rules is None else rules
    return {**entries, "rules": Located((own, *listed), place.file, place.line, place.key_lines)}


def _located(plain: object, place: Located) -> Located:
    if isinstance(plain, dict):
        entries = {key: _located(value, place) for key, value in plain.items()}
        return Located(entries, place.file, place.line, dict.fromkeys(entries, place.line))
    return Located(str(plain), place.file, place.line)
