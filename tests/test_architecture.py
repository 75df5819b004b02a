"""The tree keeps the promises of docs/architecture.md: imports go one way, files stay small, one reader of the environment."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("config", "lobby", "gameserver", "fly", "bench", "tests")


def modules(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py")) if "migrations" not in path.parts]


def browser_files() -> list[Path]:
    found = [path for suffix in ("mjs", "css", "html") for path in ROOT.rglob(f"*.{suffix}")]
    hidden = (".venv", "node_modules", "var", "static_root")
    return [path for path in found if not any(part in hidden or part.startswith(".") for part in path.relative_to(ROOT).parts)]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def test_imports_go_one_way() -> None:
    """Every import contract of pyproject.toml is kept."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_files_have_at_most_300_lines() -> None:
    """A file that grows beyond 300 lines is split."""
    long = {str(p.relative_to(ROOT)): n for p in [*modules(*PACKAGES), *browser_files()] if (n := len(p.read_text().splitlines())) > 300}
    assert not long


def test_functions_have_at_most_40_lines() -> None:
    """A function that grows beyond 40 lines is split."""
    long = {f"{p.relative_to(ROOT)}:{name}": n for p in modules(*PACKAGES) for name, n in functions(p) if n > 40}
    assert not long


def test_one_place_reads_the_environment() -> None:
    """Only fly/here.py and config/env.py read the environment; the emulator and commands only hand one on to children."""
    allowed = {"fly/here.py", "config/env.py", "config/asgi.py", "fly/management/commands/runserver.py"}
    readers = {
        str(path.relative_to(ROOT))
        for path in modules("config", "lobby", "gameserver", "fly")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv")
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    }
    assert {reader for reader in readers if not reader.startswith("fly/edge/")} <= allowed


@pytest.mark.parametrize("word", ["manager", "helper", "utils", "service"])
def test_no_module_has_a_name_that_says_nothing(word: str) -> None:
    """Modules are nouns of the field."""
    assert not [path for path in modules("config", "lobby", "gameserver", "fly") if word in path.stem]


def test_public_things_have_docstrings() -> None:
    """Every module, public class and public function of the platform says what it promises."""
    bare = []
    for path in modules("config", "lobby", "gameserver", "fly"):
        tree = ast.parse(path.read_text())
        if path.read_text().strip() and not ast.get_docstring(tree):
            bare.append(str(path.relative_to(ROOT)))
        bare += [
            f"{path.relative_to(ROOT)}:{node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]
    assert not bare


def test_tests_do_not_sleep() -> None:
    """Tests wait on conditions; a sleep of a fixed length hides a race or wastes time."""
    sleepers = []
    for path in modules("tests"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sleep" and node.args:
                seconds = node.args[0]
                if isinstance(seconds, ast.Constant) and seconds.value > 0.1:
                    sleepers.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not sleepers


def test_ci_calls_make_test() -> None:
    """CI runs what developers run."""
    assert "make test" in (ROOT / ".ci" / "run").read_text()
