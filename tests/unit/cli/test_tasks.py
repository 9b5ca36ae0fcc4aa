from __future__ import annotations

import ast
import inspect

import pytest

from tasks import namespace
from toolkit.cli.task import ToolkitTask
from toolkit.settings import ROOT

TREE = ast.parse((ROOT / "tasks.py").read_text("utf-8"))
FUNCTIONS = {node.name: node for node in TREE.body if isinstance(node, ast.FunctionDef)}


def test_the_namespace_lists_the_tasks() -> None:
    """Every task is in the namespace, in source order."""
    assert list(namespace.tasks) == [each.name for each in namespace.tasks.values()]
    assert sorted(namespace.tasks) == sorted(FUNCTIONS)
    assert {"targets", "build", "matrix", "verify", "enroll", "clean", "doctor", "check", "docs"} <= set(FUNCTIONS)
    assert all(isinstance(each, ToolkitTask) for each in namespace.tasks.values())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_task_composes_and_decides_nothing(name: str) -> None:
    """A body is a few calls; logic that needs a test is in the toolkit."""
    statements = [node for node in ast.walk(FUNCTIONS[name]) if isinstance(node, ast.stmt)]
    assert len(statements) - 2 <= 6  # without the function itself and its docstring
    assert not [node for node in statements if isinstance(node, ast.While | ast.Try | ast.With)]


@pytest.mark.parametrize(("name", "each"), namespace.tasks.items(), ids=namespace.tasks)
def test_a_task_says_what_it_does_in_a_sentence(name: str, each: ToolkitTask) -> None:
    """The first line of the docstring is what `invoke --list` shows."""
    first = inspect.cleandoc(each.__doc__ or "").split("\n")[0]
    assert first.endswith("."), name
    assert len(first) < 120


def test_nothing_else_is_in_the_file() -> None:
    """Only imports, one call that prepares the streams, tasks and the namespace: no helper, no constant, no logic."""
    calls = [node for node in TREE.body[1:] if isinstance(node, ast.Expr)]
    assert [ast.unparse(node) for node in calls] == ["streams.prepare()"]
    kinds = {type(node) for node in TREE.body[1:]}
    assert kinds <= {ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign, ast.Expr}
    assert [ast.unparse(node.targets[0]) for node in TREE.body if isinstance(node, ast.Assign)] == ["namespace"]
    assert all(node.decorator_list for node in FUNCTIONS.values())
