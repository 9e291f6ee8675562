"""What stops the program: its configuration, the stores that it works with, or the cluster that computes."""

from rules.problem import Problem


class ConfigurationError(Exception):
    """The configuration has errors; each says file, line and the fix."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class StoreError(Exception):
    """The ledger or the lake cannot be used; the message is one line: which, without secrets, why, and the fix."""


class ClusterError(Exception):
    """The cluster cannot be used for the time being; the message is one line: which, why, and the fix."""
