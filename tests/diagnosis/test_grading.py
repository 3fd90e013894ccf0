"""Grading: partial credit, inherited errors, and code that fails."""

import json
import textwrap

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.diagnosis.grading import Task, grade, main


def inputs(rng):
    n, h, c, m = rng.permutation([3, 4, 5, 6])
    return {
        "X": rng.normal(size=(n, m)), "Y": np.eye(c)[:, rng.integers(0, c, m)],
        "W1": rng.normal(size=(h, n)), "b1": rng.normal(size=(h, 1)),
        "W2": rng.normal(size=(c, h)), "b2": rng.normal(size=(c, 1)),
    }  # fmt: skip


def loss(X, Y, W1, b1, W2, b2):
    Z1 = (W1 @ X + b1).named("Z1")
    A1 = tgb.tanh(Z1).named("A1")
    Z2 = (W2 @ A1 + b2).named("Z2")
    return -(Y * tgb.log_softmax(Z2, dim=0)).sum() / X.shape[1]


POINTS = {"dW2": 2, "db2": 1, "dW1": 3, "db1": 1}
TASK = Task(inputs, loss, POINTS)


def backward(v):
    """All right."""
    m = v["X"].shape[1]
    A1 = np.tanh(v["W1"] @ v["X"] + v["b1"])
    Z2 = v["W2"] @ A1 + v["b2"]
    A2 = np.exp(Z2) / np.exp(Z2).sum(axis=0)
    dZ2 = (A2 - v["Y"]) / m
    dZ1 = (v["W2"].T @ dZ2) * (1 - A1**2)
    return {
        "dZ2": dZ2, "dW2": dZ2 @ A1.T, "db2": dZ2.sum(axis=1, keepdims=True),
        "dZ1": dZ1, "dW1": dZ1 @ v["X"].T, "db1": dZ1.sum(axis=1, keepdims=True),
    }  # fmt: skip


def test_all_right_earns_everything():
    found = grade(backward, TASK)
    assert (found.score, found.out_of) == (7, 7)
    assert [term.right for term in found.terms] == [5] * 4
    assert found.student == "backward" and found["dW1"].message == ""


def test_one_wrong_term_costs_its_points_and_is_explained():
    def student(v):
        g = backward(v)
        return g | {"dW2": -g["dW2"]}

    found = grade(student, TASK, trials=3)
    assert found.score == 5 and found["dW2"].earned == 0
    assert found["dW2"].causes == {"sign": 3}
    assert found["dW2"].message


def test_an_error_upstream_costs_once():
    def student(v):
        m = v["X"].shape[1]
        A1 = np.tanh(v["W1"] @ v["X"] + v["b1"])
        Z2 = v["W2"] @ A1 + v["b2"]
        A2 = np.exp(Z2) / np.exp(Z2).sum(axis=0)
        dZ2 = (A2 - v["Y"]) / m
        dZ1 = v["W2"].T @ dZ2  # the slope is missing
        return {
            "dZ2": dZ2, "dW2": dZ2 @ A1.T, "db2": dZ2.sum(axis=1, keepdims=True),
            "dZ1": dZ1, "dW1": dZ1 @ v["X"].T, "db1": dZ1.sum(axis=1, keepdims=True),
        }  # fmt: skip

    found = grade(student, Task(inputs, loss, {**POINTS, "dZ1": 2}))
    assert found["dZ1"].earned == 0
    assert found["dZ1"].causes == {"missing-activation-derivative": 5}
    assert found["dW1"].inherited == found["db1"].inherited == 5
    assert found.score == 7 and found.out_of == 9
    assert "inherits" in found["dW1"].message and "dZ1" in found["dW1"].message


def test_an_error_in_a_line_that_is_not_handed_in_costs_once_too():
    def student(v):
        doubled = backward(v)
        return {name: 2 * doubled[name] for name in POINTS}

    found = grade(student, TASK)
    assert sum(term.inherited == 5 for term in found.terms) == 3
    (paid,) = (term for term in found.terms if not term.inherited)
    assert paid.causes == {"scale": 5} and paid.name in ("dW2", "db2")
    assert found.score == found.out_of - paid.points


def test_an_error_in_a_line_that_is_no_term_is_paid_for_where_it_shows_first():
    def student(v):
        g = backward(v)
        # dZ2 is handed in, wrong, and earns nothing by itself.
        return {name: -array for name, array in g.items()}

    found = grade(student, TASK)
    lost = [term for term in found.terms if term.earned == 0]
    assert len(lost) == 1 and lost[0].name in ("dW2", "db2")
    assert found.score == found.out_of - lost[0].points


def test_right_for_some_shapes_only_is_partial_credit():
    def student(v):
        g = backward(v)
        return g if v["X"].shape[1] % 2 else g | {"dW2": 2 * g["dW2"]}

    found = grade(student, TASK, trials=10, seed=1)
    right = found["dW2"].right
    assert 0 < right < 10
    assert found["dW2"].earned == pytest.approx(2 * right / 10)
    assert found["dW2"].causes == {"scale": 10 - right}


def test_short_names_and_other_shapes_are_read():
    def student(v):
        g = backward(v)
        return {"W2": g["dW2"], "b2": g["db2"], "W1": g["dW1"].T.tolist(), "b1": g["db1"]}

    found = grade(student, TASK, trials=2)
    assert found["dW2"].right == 2
    assert found["dW1"].causes == {"transposed": 2}


def raises(v):
    return v["W3"]


@pytest.mark.parametrize(
    ("student", "words"),
    [
        (raises, "raised KeyError: 'W3' (line "),
        (lambda v: exit(3), "raised SystemExit: 3"),
        (lambda v: [1, 2], "returned list, not a dict of gradients"),
    ],
    ids=["raises", "exits", "returns a list"],
)
def test_code_that_fails_is_an_outcome(student, words):
    found = grade(student, TASK, trials=2)
    assert found.score == 0
    assert all(mark.outcome == "failed" for term in found.terms for mark in term.marks)
    assert words in found["dW2"].message


def test_what_is_missing_or_no_numbers_is_an_outcome():
    def student(v):
        g = backward(v)
        return {"dW2": g["dW2"], "db2": "a number", "dW1": [[1.0], [2.0, 3.0]]}

    found = grade(student, TASK, trials=1)
    assert found.score == 2
    assert [found[n].marks[0].outcome for n in POINTS] == ["right", "failed", "failed", "missing"]


def test_a_student_cannot_change_the_arrays_of_the_task():
    def student(v):
        g = backward(v)
        for array in v.values():
            array[:] = 0
        return g

    assert grade(student, TASK, trials=2).score == 7


def test_the_table_is_80_columns_and_json_holds_it_all(tmp_path):
    def student(v):
        g = backward(v)
        return {"dW2": g["dW2"].T, "db2": g["dZ2"], "dW1": -g["dW1"]}

    found = grade(student, TASK, name="Ada", trials=2)
    table = str(found).splitlines()
    assert max(map(len, table)) <= 80
    assert table[0] == "Ada: 0 of 7 points (2 random networks, seed 0)"
    assert table[2].split() == ["dW2", "0/2", "0/2", "transposed", "(2)"]
    path = tmp_path / "grade.json"
    assert found.to_json(path) == path.read_text("utf-8")
    read = json.loads(path.read_text("utf-8"))
    assert read["score"] == 0 and read["terms"][1]["causes"] == {"bias-not-summed": 2}
    assert read["terms"][3]["outcomes"] == ["missing", "missing"]


def test_a_task_that_asks_for_what_is_not_there_is_the_teachers_error():
    with pytest.raises(ValueError, match=r"asks for dW7.*known: A1, W1, Z1, Z2"):
        grade(backward, Task(inputs, loss, {"dW1": 1, "dW7": 1}))


TEACHER = """
import numpy as np

POINTS = {"dW": 4}

def inputs(rng):
    n, c, m = rng.permutation([3, 4, 5])
    sizes = {"X": (n, m), "Y": (c, m), "W": (c, n)}
    return {name: rng.normal(size=size) for name, size in sizes.items()}

def loss(X, Y, W):
    return ((W @ X - Y) ** 2).sum() / 2
"""
STUDENTS = {
    "right.py": "def gradients(v):\n    print('hello')\n"
                "    return {'dW': (v['W'] @ v['X'] - v['Y']) @ v['X'].T}\n",
    "broken.py": "def gradients(v)\n    return {}\n",
    "empty.py": "x = 1\n",
}  # fmt: skip


def test_the_command_grades_files(tmp_path, capsys):
    (tmp_path / "teacher.py").write_text(textwrap.dedent(TEACHER))
    for name, text in STUDENTS.items():
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / name) for name in STUDENTS]
    out = tmp_path / "out.json"
    assert main([str(tmp_path / "teacher.py"), *files, "--trials", "2", "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "right.py: 4 of 4 points" in printed and "hello" not in printed
    assert "SyntaxError" in printed and "no function gradients(values)" in printed
    grades = json.loads(out.read_text("utf-8"))
    assert [g["score"] for g in grades] == [4, 0, 0]


def test_the_command_says_what_the_task_lacks(tmp_path, capsys):
    (tmp_path / "teacher.py").write_text("POINTS = {}\n")
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path / "teacher.py"), "nobody.py"])
    assert stop.value.code == 1
    assert "lacks inputs, loss" in capsys.readouterr().err
