"""Every example runs: without a warning, without noise, in 80 columns, and says what it claims."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples"
FOUND = sorted(path.name for path in FOLDER.glob("*.py"))

needs_mnist = pytest.mark.skipif(
    not os.environ.get("TINYGRAD_BP_DATA"),
    reason="TINYGRAD_BP_DATA is not set: the folder that holds mnist/",
)

# Example: (its arguments in CI, a fact that its output must state).
EXAMPLES = {
    "augmentation.py": ([], r"on moved ones \+[12]\d\.\d points"),
    "char_gpt.py": (["--quick"], r"held out: 3\.\d+ bits per character, better than [1-4] of 4"),
    "cnn_digits.py": ([], r"a new network with the saved weights: 9\d\.\d\d% right"),
    "compiled_training.py": (["--epochs", "3"], r"same losses: yes\n"),
    "custom_op.py": ([], r"squared_distances   True, second order True"),
    "delta_rule.py": ([], r"new w_out +0\.4036 +0\.4036 "),
    "derivation_pdf.py": ([], r"dW2 = dZ2 A1ᵀ +\(3×5\)\n"),
    "draw_graph.py": ([], r"two_layers\.svg"),
    "mnist_mlp.py": (["--epochs", "1", "--no-download"], r"final test accuracy: 9\d\.\d\d%"),
    "pipeline_search.py": (["--epochs", "20", "--folds", "3"], r"right on the test set:  9\d\.\d%"),
    "polynomial_regression.py": ([], r"largest difference of a coefficient: \d\.\de-1\d"),
    "two_layer_classifier.py": ([], r"weights equal to 1e-12: yes"),
    "wrong_gradient.py": ([], r"dW1: wrong \(missing-activation-derivative\)"),
    "xor.py": ([], r"4 of 4 points are right"),
}

# One thread: networks this small gain nothing from more, and on a busy machine they lose a lot.
ENVIRONMENT = {
    "PYTHONIOENCODING": "utf-8",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def run(name, *arguments, cwd, **environment):
    """Run an example as a user does, but with every warning an error; return what came out."""
    return subprocess.run(
        [sys.executable, "-W", "error", str(FOLDER / name), *arguments],
        cwd=cwd,
        env={**os.environ, **ENVIRONMENT, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def output_of(name, *arguments, cwd):
    done = run(name, *arguments, cwd=cwd)
    # On a busy machine compiling may take so long that it is told of.
    noise = re.sub(r"^tgb\.compile: .*\n", "", done.stderr, flags=re.MULTILINE)
    assert (done.returncode, noise) == (0, ""), done.stderr
    return done.stdout


def percentage(output, before):
    return float(re.search(rf"{before}\s+([\d.]+)%", output)[1])


def test_every_example_has_an_entry():
    assert sorted(EXAMPLES) == FOUND


def test_the_overview_lists_every_example():
    overview = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert sorted(set(re.findall(r"\[(\w+\.py)\]\(\1\)", overview))) == FOUND


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=needs_mnist if n == "mnist_mlp.py" else ()) for n in FOUND]
)
def test_example(name, tmp_path):
    arguments, fact = EXAMPLES[name]
    output = output_of(name, *arguments, cwd=tmp_path)
    assert re.search(fact, output), output
    too_wide = [line for line in output.splitlines() if len(line) > 80]
    assert not too_wide
    for path in tmp_path.rglob("*"):
        written = path.relative_to(tmp_path).parts
        assert path.is_dir() or written[:2] == ("runs", name.removesuffix(".py"))


@pytest.mark.parametrize("name", FOUND)
def test_help_and_docstring(name, tmp_path):
    source = (FOLDER / name).read_text(encoding="utf-8")
    assert source.startswith('"""')
    assert 'if __name__ == "__main__":' in source
    done = run(name, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert source[3:].splitlines()[0].split()[0] in done.stdout  # the docstring's first word


@pytest.mark.parametrize("name", FOUND)
def test_importing_an_example_runs_nothing(name, tmp_path):
    code = f"import runpy; runpy.run_path({str(FOLDER / name)!r}, run_name='example')"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name",
    [
        "cnn_digits.py",
        "custom_op.py",
        "polynomial_regression.py",
        "two_layer_classifier.py",
        "xor.py",
    ],
)
def test_an_example_repeats_exactly(name, tmp_path):
    assert output_of(name, cwd=tmp_path) == output_of(name, cwd=tmp_path)


def test_two_layer_classifier_learns_as_much_on_both_sides(tmp_path):
    output = output_of("two_layer_classifier.py", "--seed", "1", cwd=tmp_path)
    script, twin = percentage(output, "script"), percentage(output, "twin")
    assert script == twin > 95


def test_delta_rule_prints_every_digit_of_the_notes_twice(tmp_path):
    output = output_of("delta_rule.py", cwd=tmp_path)
    printed = ("Err_out 0.072", "dw_out 0.0036", "new w_out 0.4036")
    printed += ("Err_hidden 0.0072", "dw_in 0.00072", "new w_in 0.60072")
    for row in printed:
        name, number = row.rsplit(" ", 1)
        assert re.search(rf"^{name} +{number} +{number} ", output, re.MULTILINE), row


def test_the_gpt_goes_on_as_if_it_had_never_been_stopped(tmp_path):
    whole = output_of("char_gpt.py", "--quick", cwd=tmp_path)
    bits = [float(n) for n in re.findall(r"^ +\d +\S+ +\S+ +\S+ +(\d\.\d+) ", whole, re.MULTILINE)]
    assert len(bits) == 3 and bits == sorted(bits, reverse=True)
    folder = tmp_path / "runs" / "char_gpt"
    assert (folder / "bits_per_character.png").read_bytes().startswith(b"\x89PNG")
    newest = max((folder / "checkpoints").glob("checkpoint-*.safetensors"))
    newest.unlink()  # the one before is of an earlier epoch
    again = output_of("char_gpt.py", "--quick", "--resume", cwd=tmp_path)
    _, told, said = whole.rpartition("   3 ")
    assert told and said.split("\n\n", 1)[1] == again.rpartition("   3 ")[2].split("\n\n", 1)[1]


def test_the_weights_of_the_cnn_come_back_as_good_as_they_were(tmp_path):
    output = output_of("cnn_digits.py", "--epochs", "1", cwd=tmp_path)
    trained = re.search(r"^ +1 .* ([\d.]+)%$", output, re.MULTILINE)[1]
    assert percentage(output, "saved weights:") == float(trained)


@pytest.mark.parametrize("seed", range(3))
def test_the_wrong_gradient_is_found_with_other_numbers_too(seed, tmp_path):
    output = output_of("wrong_gradient.py", "--seed", str(seed), cwd=tmp_path)
    wrong, _, mended = output.partition("With that line mended:")
    assert "dW1: wrong (missing-activation-derivative)" in wrong
    assert mended.strip() == "Right: dZ2, dW2, db2, dZ1, dW1 and db1."


def test_the_derivation_is_a_document_that_pdflatex_compiles(tmp_path):
    output = output_of("derivation_pdf.py", cwd=tmp_path)
    folder = tmp_path / "runs" / "derivation_pdf"
    tex = (folder / "derivation.tex").read_text(encoding="utf-8")
    assert tex.startswith(r"\documentclass")
    assert r"dZ_1 = W_2^\top dZ_2" in re.sub("[{}&]", "", tex)
    if shutil.which("pdflatex"):
        assert (folder / "derivation.pdf").read_bytes().startswith(b"%PDF")
    else:
        assert "pdflatex is not on the PATH" in output


def test_without_pdflatex_the_tex_is_written_all_the_same(tmp_path):
    done = run("derivation_pdf.py", cwd=tmp_path, PATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "pdflatex is not on the PATH" in done.stdout
    assert (tmp_path / "runs" / "derivation_pdf" / "derivation.tex").exists()


# ----------------------------------------------------------------------------------------- MNIST


@needs_mnist
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_one_epoch_of_mnist_gives_more_than_90_percent(optimizer, tmp_path):
    output = output_of(
        "mnist_mlp.py", "--epochs", "1", "--optimizer", optimizer, "--no-download", cwd=tmp_path
    )
    assert percentage(output, "final test accuracy:") > 90


@needs_mnist
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_mnist_repeats_exactly_with_its_seed_and_not_without(optimizer, tmp_path):
    options = ["--epochs", "2", "--limit", "3000", "--optimizer", optimizer, "--no-download"]
    first, again = (output_of("mnist_mlp.py", *options, cwd=tmp_path) for _ in range(2))
    other = output_of("mnist_mlp.py", *options, "--seed", "1", cwd=tmp_path)
    fingerprint = re.compile(r"fingerprint of the weights: [0-9a-f]{16}")
    assert first == again
    assert fingerprint.search(first)[0] != fingerprint.search(other)[0]


def test_mnist_without_data_says_so_and_exits_with_1(tmp_path):
    done = run(
        "mnist_mlp.py",
        "--no-download",
        cwd=tmp_path,
        TINYGRAD_BP_DATA="",
        XDG_CACHE_HOME=str(tmp_path),
        HOME=str(tmp_path),
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("MNIST: missing train-images-idx3-ubyte")
    assert "set TINYGRAD_BP_DATA to a folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_matplotlib_an_example_draws_nothing_and_says_nothing(tmp_path):
    (tmp_path / "matplotlib.py").write_text("raise ImportError('not here')\n")
    done = run("xor.py", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 of 4 points are right" in done.stdout
    assert "picture" not in done.stdout
    assert not (tmp_path / "runs").exists()
