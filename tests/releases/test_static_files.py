"""Two releases run at once: a page of either finds its files, with a CDN and without one."""

import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

import pytest

from deploy import static_files
from deploy.environments import Environment
from deploy.outcomes import Refused
from tests.ops.aws import REGION, local_aws
from tests.releases.trees import copy_of_this_tree, manage
from tests.servers import MariaDB, Redis, temporary_directory
from tests.stack import Stack, answers, wait_for

CDN = "https://cdn.example.org/static/"
pytestmark = pytest.mark.timeout(300)
_LINKS = re.compile(r'(?:href|src)="([^"#]*/static/[^"#]+)')


@dataclass
class Release:
    """A tree, and the directory its image would have as STATIC_ROOT."""

    name: str
    tree: Path
    collected: Path

    @property
    def style(self) -> str:
        """What its pages call the style sheet that differs."""
        return next(name for name in static_files.hashed(self.collected) if name.startswith("console/app."))


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Release]:
    """An older one, and a newer with another style sheet."""
    made = []
    for name in ("old", "new"):
        root = tmp_path_factory.mktemp(name)
        tree = copy_of_this_tree(root / "tree")
        if name == "new":
            with (tree / "console/static/console/app.css").open("a") as file:
                file.write("\n.only-in-the-new-release {}\n")
        static_files.collect(tree, root / "static")
        made.append(Release(name, tree, root / "static"))
    return made[0], made[1]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    with local_aws(()) as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        found = Environment("staging", REGION)
        for kind in ("static", "releases"):
            region = {"LocationConstraint": REGION}
            found.client("s3").create_bucket(Bucket=f"aerie-{kind}", CreateBucketConfiguration=region)
            found.set_parameter(f"data/{kind}_bucket", f"aerie-{kind}")
        yield found


def uploaded(environment: Environment) -> set[str]:
    found = environment.client("s3").list_objects_v2(Bucket="aerie-static", Prefix="static/")
    return {one["Key"].removeprefix("static/") for one in found["Contents"]}


def test_the_same_tree_has_the_same_names(releases: tuple[Release, Release]) -> None:
    old, new = (set(static_files.hashed(release.collected)) for release in releases)
    assert old - new == {releases[0].style}
    assert new - old == {releases[1].style}


def test_the_cdn_has_the_files_of_both(releases: tuple[Release, Release], environment: Environment) -> None:
    old, new = releases
    static_files.upload(environment, old.collected, "1")
    done = static_files.upload(environment, new.collected, "2")
    assert done.added == 1
    assert {old.style, new.style} < uploaded(environment)
    head = environment.client("s3").head_object(Bucket="aerie-static", Key=f"static/{new.style}")
    assert (head["ContentType"], head["CacheControl"]) == ("text/css; charset=utf-8", static_files.FOREVER)


def test_what_no_release_of_the_last_months_needs_goes(
    releases: tuple[Release, Release], environment: Environment
) -> None:
    old, new = releases
    static_files.upload(environment, old.collected, "1")
    static_files.upload(environment, new.collected, "2")
    later = datetime.now(UTC) + timedelta(days=static_files.KEPT_DAYS + 1)
    assert static_files.prune(environment, {"2"}) == []
    assert static_files.prune(environment, {"2"}, later) == [f"static/{old.style}"]
    with pytest.raises(Refused):
        static_files.prune(environment, set(), later)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A database and a Redis; the tests start the consoles."""
    with temporary_directory() as directory:
        database, redis = MariaDB(directory), Redis(directory)
        try:
            database.start()
            redis.start()
            made = Stack(directory, database, redis)
            made.manage("migrate", "--verbosity", "0")
            made.manage("createcachetable")
            yield made
        finally:
            redis.kill()
            database.kill()


@contextmanager
def console(stack: Stack, release: Release, **variables: str) -> Iterator[str]:
    """The release's console, with its own image's files; yields its address."""
    variables["STATIC_ROOT"] = str(release.collected)
    started = Stack(Path(stack.directory), stack.database, stack.redis, **variables)
    process = started.processes["console"]
    process.command = ["env", "--chdir", str(release.tree), *process.command]
    process.log = stack.directory / f"console-{started.port}.log"
    process.start()
    try:
        wait_for(lambda: answers(f"{started.url}/livez"), 120, started.last_words)
        yield started.url
    finally:
        started.kill("console")


def get(address: str) -> tuple[bytes, str, str]:
    """Body, how long it may be kept, and the content security policy."""
    with urllib.request.urlopen(address, timeout=60) as answer:
        headers = answer.headers
        return answer.read(), headers.get("Cache-Control", ""), headers.get("Content-Security-Policy", "")


@pytest.mark.parametrize("direction", [(0, 1), (1, 0)])
def test_without_a_cdn_either_instance_serves_the_others_pages(
    releases: tuple[Release, Release], stack: Stack, direction: tuple[int, int]
) -> None:
    page_of, served_by = (releases[number] for number in direction)
    with console(stack, page_of) as one, console(stack, served_by) as another:
        page = get(f"{one}/account/login/")[0].decode()
        links = _LINKS.findall(page)
        assert any(page_of.style in link for link in links)
        kept = {link: get(urljoin(another, link))[1] for link in links}
    # What differs comes from the instance's own release, and nobody keeps it under the other's name.
    assert kept[f"/static/{page_of.style}"] == "no-store"
    assert {words for link, words in kept.items() if page_of.style not in link} == {
        "max-age=315360000, public, immutable"
    }


def test_with_a_cdn_pages_name_it_and_icons_stay_at_home(
    releases: tuple[Release, Release], stack: Stack
) -> None:
    with console(stack, releases[0], STATIC_URL=CDN) as url:
        body, _, policy = get(f"{url}/account/login/")
        page = body.decode()
        assert f'href="{CDN}{releases[0].style}"' in page
        assert "script-src 'self' https://cdn.example.org;" in policy
        sprites = set(re.findall(r'<use href="([^"#]+)#', page))
        assert {sprite.split("/")[1] for sprite in sprites} <= {"static"}
        assert get(f"{url}/static/{releases[0].style}")[0]


def test_collected_by_the_deploy_or_by_the_image_it_is_the_same(
    releases: tuple[Release, Release], stack: Stack, tmp_path: Path
) -> None:
    environment = stack.environment | {"STATIC_ROOT": str(tmp_path), "STATIC_URL": CDN}
    manage(releases[0].tree, environment, "collectstatic", "--no-input", "--verbosity", "0")
    assert static_files.hashed(tmp_path) == static_files.hashed(releases[0].collected)
