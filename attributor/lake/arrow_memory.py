"""Whom Arrow asks for memory."""

import pyarrow as pa

_RETURNS_LITTLE = "jemalloc"


def keep_freed_memory() -> None:
    """Have Arrow of this process take memory from the allocator that keeps what is freed for the next piece.

    Its own hands memory back so eagerly that a tenth of the time of large pieces went into the kernel's clearing of
    pages. Where Arrow was built without the other one, nothing changes; nor does what is allocated already.
    """
    if _RETURNS_LITTLE in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
