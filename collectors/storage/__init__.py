"""Storage: the object stores that a `path:` may lie in, all alike: list, copy, peek."""
