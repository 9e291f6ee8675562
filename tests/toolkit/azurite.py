"""Azurite, Microsoft's own emulator of Blob storage, on loopback."""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key of the emulator's account, the same everywhere and published by its makers."""


@contextmanager
def running_azurite(port: int) -> Iterator[str]:
    """Give the address of the emulator's account; skip where it is not installed."""
    pytest.importorskip("azure.storage.blob", reason="azure-storage-blob is not installed: attributor[azure]")
    installed = Path(sys.prefix, "node", "node_modules", ".bin", "azurite-blob")
    program = str(installed) if installed.exists() else shutil.which("azurite-blob")
    if program is None or shutil.which("node") is None:
        pytest.skip("azurite is not installed: sh tests/install-counterparts.sh")
    quiet = ["--silent", "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck"]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            ["node", program, *quiet, "--blobHost", "127.0.0.1", "--blobPort", str(port)],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}/devstoreaccount1"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("azurite did not start")
