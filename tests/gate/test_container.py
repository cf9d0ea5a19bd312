"""The image of the Containerfile: built by Buildah, and run by Podman as docs/ci.md says.

Where no registry is in reach, the base image is made from Debian's own packages: the release on which Docker's image of
Python stands, with Debian's Python in it. Images and containers are kept in a folder of the test's own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from .consumer_support import environment, program, publish
from .traps_support import ROOT, TODAY

pytestmark = pytest.mark.gate

TAG = "localhost/policycheck:test"
(BASE,) = re.findall(r"^ARG PYTHON=(\S+)$", (ROOT / "Containerfile").read_text("utf-8"), re.MULTILINE)
DEBIAN = "trixie"
#: What docs/ci.md runs it with, and no temporary folder either, which Podman adds and Docker does not.
CONFINED = ["--read-only", "--read-only-tmpfs=false", "--network", "none", "--cap-drop", "all"]
CONFINED += ["--security-opt", "no-new-privileges"]
#: Podman asks for more open files than an ordinary process may have, where nothing is said.
LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
EXAMPLES = {"corner-shop-fixed": 0, "tern-ai": 1}
CERTIFICATES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
LOOK = """
import importlib.util, json, os, socket
refused = {}
for place in ("/", "/tmp", "/repository", "/opt/policycheck", "/var/tmp", "/dev/shm"):
    try:
        open(f"{place}/written", "w").close()
    except OSError as error:
        refused[place] = error.strerror
status = dict(line.rstrip().split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
print(json.dumps([os.getuid(), os.getgid(), status["CapEff"], status["NoNewPrivs"], refused, socket.if_nameindex(),
    [name for name in ("pip", "hatchling") if importlib.util.find_spec(name)]]))
"""


class Images(NamedTuple):
    """Podman and Buildah with their storage in a folder; `runtime` is the program that starts containers."""

    surroundings: dict[str, str]
    runtime: str = ""

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, env=self.surroundings, capture_output=True, text=True, check=False, timeout=600)

    def run(self, repository: Path, *words: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """The image with a repository, without rights, network and anything to write to."""
        place = [
            "--volume",
            f"{repository}:/repository:ro",
            "--env",
            f"SOURCE_DATE_EPOCH={TODAY}",
        ]
        runtime = ["--runtime", self.runtime] if self.runtime else []
        return self.call("podman", *runtime, "run", "--rm", *LIMITS, *CONFINED, *place, *options, TAG, *words)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    if missing := [tool for tool in ("buildah", "podman") if shutil.which(tool) is None]:
        pytest.skip(f"not run: {' and '.join(missing)} not installed")
    folder = tmp_path_factory.mktemp("storage")
    found = Images(environment(CONTAINERS_STORAGE_CONF=str(folder / "storage.conf"), BUILDAH_ISOLATION="chroot"))
    # vfs copies the image for each container, but works on every file system.
    for driver in ("overlay", "vfs"):
        said = f'[storage]\ndriver = "{driver}"\nrunroot = "{folder}/{driver}/run"\ngraphroot = "{folder}/{driver}/graph"\n'
        (folder / "storage.conf").write_text(said, "utf-8")
        if found.call("podman", "info").returncode == 0:
            break
    yield found
    # Some hundred MB, which pytest would keep for days.
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def base(storage: Images, tmp_path_factory: pytest.TempPathFactory) -> Images:
    """The storage with the base image that the Containerfile names: the real one, or else one made from packages."""
    pulled = storage.call("buildah", "pull", "--quiet", BASE)
    if pulled.returncode == 0:
        return storage
    debootstrap = program("debootstrap") or shutil.which("debootstrap", path="/usr/sbin")
    if debootstrap is None or os.geteuid() != 0:
        pytest.skip(f"not run: {BASE} is out of reach, and to make one root and debootstrap are needed")
    root = tmp_path_factory.mktemp("base") / "root"
    packages = "--include=python3,python3-venv,python-is-python3,ca-certificates"
    made = storage.call(debootstrap, "--variant=minbase", packages, DEBIAN, str(root))
    if made.returncode:
        pytest.skip(f"not run: debootstrap made no base image: {made.stdout[-200:]}")
    packed = root.with_suffix(".tar")
    for words in (
        ["tar", "-C", str(root), "--one-file-system", "-cf", str(packed), "."],
        ["podman", "import", str(packed), BASE],
    ):
        done = storage.call(*words)
        assert done.returncode == 0, done.stderr
    shutil.rmtree(root)
    packed.unlink()
    return storage


def pip_settings(folder: Path) -> list[str]:
    """Options of a build by which pip inside uses the index and the certificates of this machine, if it has its own."""
    lines, mounts = ["[global]"], []
    if index := os.environ.get("PIP_INDEX_URL"):
        lines.append(f"index-url = {index}")
    if bundle := next(filter(None, map(os.environ.get, CERTIFICATES)), None):
        lines.append("cert = /etc/pip-certificates.pem")
        mounts += ["--volume", f"{bundle}:/etc/pip-certificates.pem:ro"]
    (folder / "pip.conf").write_text("\n".join(lines) + "\n", "utf-8")
    return ["--volume", f"{folder}/pip.conf:/etc/pip.conf:ro", *mounts]


@pytest.fixture(scope="module")
def image(base: Images, tmp_path_factory: pytest.TempPathFactory) -> Images:
    """The image, built from what is published, and a program that can start it here."""
    folder = tmp_path_factory.mktemp("context")
    publish(folder / "source")
    own = pip_settings(folder)
    built = base.call("buildah", "build", "--pull=never", "--network", "host", *own, "--tag", TAG, str(folder / "source"))
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    tried = []
    for runtime in filter(shutil.which, ("crun", "runc")):
        ready = base._replace(runtime=runtime)
        done = ready.run(folder, "--version")
        if done.returncode == 0:
            return ready
        assert done.returncode in {125, 126, 127}, done.stderr
        tried.append(done.stderr.strip()[-200:])
    pytest.skip(f"not run: Podman starts no container here: {'; '.join(tried) or 'neither crun nor runc is installed'}")


@pytest.mark.parametrize(("example", "code"), EXAMPLES.items())
def test_its_report_is_a_checkouts_to_the_byte(example: str, code: int, image: Images, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(ROOT / "examples" / example, repository)
    words = ["check", ".", "--format", "json"]
    call = [sys.executable, "-m", "policycheck", *words]
    here = environment(PYTHONPATH=str(ROOT))
    ours = subprocess.run(call, cwd=repository, env=here, capture_output=True, text=True, check=False)
    done = image.run(repository, *words)
    assert (done.returncode, done.stderr) == (code, ours.stderr)
    assert done.stdout == ours.stdout


def test_a_repository_that_only_its_owner_may_read_needs_the_owner(image: Images, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(ROOT / "examples" / "corner-shop-fixed", repository)
    repository.chmod(0o700)
    refused = image.run(repository)
    assert (refused.returncode, refused.stderr) == (3, ".: cannot be searched: Permission denied\n")
    assert image.run(repository, options=("--user", f"{os.getuid()}:{os.getgid()}")).returncode == 0


def test_it_has_no_rights_no_network_and_nothing_to_write_to(image: Images, tmp_path: Path) -> None:
    done = image.run(tmp_path, "-c", LOOK, options=("--entrypoint", "/opt/policycheck/bin/python"))
    assert done.returncode == 0, done.stderr
    user, group, rights, confined, refused, networks, builders = json.loads(done.stdout)
    assert (user, group) == (65532, 65532)
    assert (int(rights, 16), confined) == (0, "1")
    assert {"/", "/tmp", "/repository", "/opt/policycheck", "/var/tmp"} <= set(refused)
    assert [name for _, name in networks] == ["lo"]
    assert builders == []


def test_reports_go_where_a_folder_is_given_for_writing(image: Images, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports").chmod(0o777)
    words = ("check", ".", "--output", "sarif=/reports/policycheck.sarif")
    place = ("--volume", f"{tmp_path}/reports:/reports")
    done = image.run(ROOT / "examples" / "corner-shop", *words, options=place)
    assert done.returncode == 1, done.stderr
    assert json.loads((tmp_path / "reports" / "policycheck.sarif").read_bytes())["runs"][0]["results"]
