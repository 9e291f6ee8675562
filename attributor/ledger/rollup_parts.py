"""What a rollup row can be: conditions that sums are kept apart by, wherever they are made."""

from attributor.ledger.tables import rollup
from rules.schema import IDLE

FIXED_CATEGORIES = ("Purchase", "Tax", "Credit", "Adjustment")
"""Categories of charges (FOCUS ChargeCategory) that are no usage of their day."""

IS_OWN = rollup.c.corrects == ""
"""The condition that a rollup row is of its own day, and not what came later of a closed month."""

IS_USAGE = rollup.c.category.not_in(FIXED_CATEGORIES) & IS_OWN
"""The condition that a rollup row is usage of its day; a category that is not known counts as such."""

IS_IDLE = (rollup.c.idle_cause != "") | (rollup.c.team == IDLE)
"""The condition that a rollup row is capacity that was paid for and not used."""

IS_ESTIMATE = (rollup.c.basis == "estimated") & IS_OWN
"""The condition that a rollup row is of its own day, and estimated."""
