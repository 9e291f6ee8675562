"""What stops the program before it starts."""

from rules.problem import Problem


class ConfigurationError(Exception):
    """The configuration has errors; each says file, line and the fix."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
