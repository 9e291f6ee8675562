import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel_holds_all_that_a_company_needs_to_be_shown(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, timeout=120)
    (wheel,) = tmp_path.glob("attributor-*.whl")
    installed = tmp_path / "installed"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(installed), str(wheel)], check=True, timeout=120)
    program = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        "import attributor, rules, collectors, alerts\n"
        "for module in (attributor, rules, collectors, alerts):\n"
        f"    assert module.__file__.startswith({str(installed)!r}), module\n"
        "from attributor.__main__ import main\n"
        "main()\n"
    )
    for arguments in (
        ["demo", "company", "--days", "10", "--charges", "800"],
        ["-c", "company/attributor.yaml", "run"],
    ):
        subprocess.run([sys.executable, "-I", "-c", program, *arguments], cwd=tmp_path, check=True, timeout=120)
    pages = "from attributor.web.assets import Assets; from attributor.web.templating import Templates\n"
    shown = program.replace("from attributor.__main__ import main\nmain()\n", f"{pages}Templates('Lumen', Assets())\n")
    subprocess.run([sys.executable, "-I", "-c", shown], check=True, timeout=60)
