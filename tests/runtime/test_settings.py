"""Other devices, mixed precision, TorchScript, settings: what has a name and changes no result."""

import importlib
import json

import numpy as np
import pytest

import tinygrad_bp as tgb


def test_there_is_no_cuda():
    cuda = tgb.cuda
    assert not cuda.is_available() and cuda.device_count() == 0 and not cuda.is_initialized()
    assert not cuda.is_bf16_supported() and cuda.memory_allocated() == 0
    assert cuda.get_rng_state_all() == []
    for quiet in (cuda.manual_seed, cuda.manual_seed_all):
        assert quiet(0) is None
    assert cuda.empty_cache() is None
    for loud in (cuda.synchronize, cuda.current_device, cuda.get_device_name, cuda.Stream,
                 lambda: cuda.set_device(0), lambda: cuda.device(0).__enter__()):  # fmt: skip
        with pytest.raises(AssertionError, match="no such device"):
            loud()
    with cuda.device(None), cuda.device_of(tgb.ones(1)):
        assert tgb.ones(1).item() == 1
    assert not tgb.mps.is_available() and not tgb.xpu.is_available() and tgb.cpu.is_available()
    assert tgb.version.cuda is None and tgb.version.__version__ == tgb.__version__


def test_there_is_no_accelerator():
    assert not tgb.accelerator.is_available() and tgb.accelerator.current_accelerator() is None
    assert tgb.accelerator.device_count() == 0
    with pytest.raises(RuntimeError, match="is_available"):
        tgb.accelerator.synchronize()


def test_switches_of_backends():
    backends = tgb.backends
    assert backends.cudnn.enabled and not backends.cudnn.is_available()
    backends.cudnn.deterministic = True
    with backends.cudnn.flags(benchmark=True):
        assert backends.cudnn.benchmark and not backends.cudnn.deterministic
    assert backends.cudnn.deterministic and not backends.cudnn.benchmark
    backends.cudnn.deterministic = False
    backends.cuda.matmul.allow_tf32 = True
    assert not backends.mps.is_available() and not backends.cuda.is_built()
    with backends.cuda.sdp_kernel(enable_flash=False):
        assert not backends.cuda.flash_sdp_enabled()
    assert backends.cuda.flash_sdp_enabled()


@pytest.mark.parametrize("name", [
    "amp", "autograd.grad_mode", "autograd.graph", "autograd.profiler", "backends.cudnn",
    "backends.mps", "cuda.amp", "func", "jit", "multiprocessing", "profiler", "serialization",
    "sparse", "testing", "types", "utils.checkpoint", "utils.data", "version",
])  # fmt: skip
def test_modules_are_importable_and_say_what_they_are(name):
    module = importlib.import_module(f"tinygrad_bp.{name}")
    assert module.__doc__
    for public in getattr(module, "__all__", []):
        assert getattr(module, public) is not NotImplemented


def test_autocast_changes_nothing():
    x = tgb.ones(2, 2)
    with tgb.autocast("cpu", dtype=tgb.bfloat16):
        assert tgb.is_autocast_enabled() and tgb.get_autocast_dtype("cpu") is tgb.bfloat16
        assert (x @ x).dtype is tgb.float32
    assert not tgb.is_autocast_enabled()
    with tgb.autocast(device_type="cuda", dtype=tgb.float16), tgb.cuda.amp.autocast():
        assert (x @ x).tolist() == [[2, 2], [2, 2]]
    doubled = tgb.amp.autocast("cpu")(lambda x: x * 2)
    assert doubled(x).sum().item() == 8
    with pytest.raises(ValueError, match="device_type"):
        tgb.autocast(tgb.float16)

    class Twice(tgb.autograd.Function):
        @staticmethod
        @tgb.amp.custom_fwd(device_type="cuda")
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        @tgb.cuda.amp.custom_bwd
        def backward(ctx, g):
            return 2 * g

    w = tgb.ones(1, requires_grad=True)
    Twice.apply(w).backward()
    assert w.grad.item() == 2


def test_the_scaler_skips_and_adapts():
    w = tgb.ones(1, requires_grad=True)
    optimizer = tgb.optim.SGD([w], lr=1.0)
    scaler = tgb.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2)

    def step(factor):
        optimizer.zero_grad()
        scaler.scale((w * factor).sum()).backward()
        scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        return w.item(), scaler.get_scale()

    assert step(0.25) == (0.75, 4) and step(0.25) == (0.5, 8)
    assert step(np.inf) == (0.5, 4) and step(0.5) == (0.0, 4)
    other = tgb.amp.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    assert other.get_scale() == 4 and other.state_dict() == scaler.state_dict()
    with pytest.raises(AssertionError, match="inf checks"):
        scaler.update()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="already"):
        scaler.unscale_(optimizer)


def test_a_scaler_for_cuda_passes_everything_through():
    w = tgb.ones(1, requires_grad=True)
    optimizer = tgb.optim.SGD([w], lr=1.0)
    for scaler in (
        tgb.cuda.amp.GradScaler(),
        tgb.GradScaler(),
        tgb.amp.GradScaler("cpu", enabled=False),
    ):
        w.data.fill_(1)
        optimizer.zero_grad()
        loss = (w * 0.5).sum()
        assert scaler.scale(loss) is loss and not scaler.is_enabled()
        loss.backward()
        scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        assert w.item() == 0.5 and scaler.state_dict() == {} and scaler.get_scale() == 1


def test_compile_and_script_give_the_thing_back():
    net = tgb.nn.Linear(2, 1)
    assert tgb.compile(net, disable=True) is net and tgb.jit.script(net) is net
    assert tgb.jit.trace(net, tgb.ones(1, 2)) is net
    assert tgb.jit.trace_module(net, {"forward": tgb.ones(1, 2)}) is net
    with pytest.raises(RuntimeError, match="eval"):
        tgb.jit.freeze(net)
    assert tgb.jit.freeze(net.eval()) is net

    @tgb.compile
    def double(x):
        return 2 * x

    @tgb.compile(mode="max-autotune", fullgraph=True)
    @tgb.jit.script
    def triple(x):
        return 3 * x

    @tgb.jit.ignore(drop=True)
    def same(x):
        return x

    assert (double(2), triple(2), same(2)) == (4, 6, 2) and not tgb.jit.is_scripting()
    with pytest.raises(RuntimeError, match="mode or options"):
        tgb.compile(net, mode="default", options={})


def test_settings_are_remembered():
    tgb.use_deterministic_algorithms(True, warn_only=True)
    assert tgb.are_deterministic_algorithms_enabled() and tgb.get_deterministic_debug_mode() == 1
    tgb.set_deterministic_debug_mode("default")
    assert not tgb.are_deterministic_algorithms_enabled()
    tgb.set_float32_matmul_precision("high")
    assert tgb.get_float32_matmul_precision() == "high"
    tgb.set_float32_matmul_precision("highest")
    before = tgb.get_num_threads()
    tgb.set_num_threads(1)
    assert tgb.get_num_threads() == 1
    tgb.set_num_threads(before)
    for wrong in (lambda: tgb.set_num_threads(0), lambda: tgb.set_float32_matmul_precision("low"),
                  lambda: tgb.set_deterministic_debug_mode(7)):  # fmt: skip
        with pytest.raises(RuntimeError):
            wrong()


def test_questions():
    x = tgb.ones(2, 3)
    assert tgb.numel(x) == 6 and tgb.is_floating_point(x) and not tgb.is_complex(x)
    assert tgb.is_nonzero(tgb.tensor([2])) and tgb.is_signed(x) and not tgb.is_storage(x)
    assert tgb.typename(x) == "tinygrad_bp.FloatTensor" and tgb.typename(3) == "int"
    assert tgb.inf == float("inf") and tgb.newaxis is None and tgb.pi > 3 and tgb.nan != tgb.nan
    with pytest.raises(RuntimeError):
        tgb.is_nonzero(x)


def test_profile(tmp_path):
    from tinygrad_bp.profiler import ProfilerAction, profile, record_function, schedule

    plan = schedule(wait=1, warmup=1, active=2, repeat=1)
    names = [plan(i).name for i in range(5)]
    assert names == ["NONE", "WARMUP", "RECORD", "RECORD_AND_SAVE", "NONE"]
    assert plan(2) is ProfilerAction.RECORD
    traces = []
    with profile(schedule=plan, on_trace_ready=lambda p: traces.append(p.key_averages())) as p:
        for _ in range(5):
            with record_function("step"):
                pass
            p.step()
    assert [(row.key, row.count) for row in traces[0]] == [("step", 2)]
    with profile(activities=[]) as p:
        record_function("outer")(lambda: None)()
    p.export_chrome_trace(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert [e["name"] for e in events] == ["outer"]
    table = p.key_averages().table(sort_by="self_cuda_time_total", row_limit=1)
    assert "outer" in table and p.key_averages().total_average().count == 1


def test_assert_close():
    close = tgb.testing.assert_close
    close({"a": [tgb.tensor(1 / 3)]}, {"a": [tgb.tensor(0.33333334)]})
    close(tgb.tensor([tgb.nan]), tgb.tensor([tgb.nan]), equal_nan=True)
    close(tgb.ones(1), tgb.ones(1, dtype=tgb.float64), check_dtype=False)
    for mine, theirs, words in [
        (tgb.ones(2), tgb.tensor([1.0, 2.0]), r"1 / 2[\s\S]*index \(1,\)"),
        (tgb.ones(2), tgb.ones(3), "'shape'"), (tgb.ones(1), tgb.arange(1), "'dtype'"),
        ([1, 2], [1, 3], r"item \[1\]"), ({"a": 1}, {"b": 1}, "keys"), ([1], [1, 2], "length"),
        (None, 1, "None"),
    ]:  # fmt: skip
        with pytest.raises(AssertionError, match=words):
            close(mine, theirs)
    with pytest.raises(AssertionError, match=r"^mine$"):
        close(1, 2, msg="mine")
    with pytest.raises(ValueError, match="both"):
        close(1, 2, rtol=1.0)
    with pytest.raises(TypeError):
        close(tgb.ones(1), [1])
    made = tgb.testing.make_tensor(2, 3, dtype=tgb.int64, low=1, high=3, requires_grad=False)
    assert made.shape == (2, 3) and set(made.flatten().tolist()) <= {1, 2}


def test_variable():
    from tinygrad_bp.autograd import Variable

    x = tgb.ones(2)
    v = Variable(x, requires_grad=True)
    assert v.requires_grad and not x.requires_grad and v.data_ptr() == x.data_ptr()
    assert isinstance(x, Variable) and not isinstance(3, Variable)
    with pytest.warns(UserWarning, match="no_grad"):
        Variable(x, volatile=True)
    with pytest.raises(TypeError, match="list"):
        Variable([1.0])


def test_hooks_for_several_gradients():
    from tinygrad_bp.autograd.graph import register_multi_grad_hook

    a, b = tgb.ones(1, requires_grad=True), tgb.ones(1, requires_grad=True)
    seen = []
    handle = register_multi_grad_hook(
        (a, b), lambda gradients: seen.append([g.item() for g in gradients])
    )
    (2 * a + 3 * b).sum().backward()
    assert seen == [[2, 3]]
    handle.remove()
    register_multi_grad_hook((a, b), lambda gradient: seen.append(gradient.item()), mode="any")
    (2 * a + 3 * b).sum().backward()
    assert len(seen) == 2 and seen[1] in (2, 3)


def _square(i, results):
    results[i] = i * i


def _fail(i):
    raise SystemExit(3)


def test_spawned_processes():
    mp = tgb.multiprocessing
    results = mp.get_context("fork").Array("i", 3)
    mp.spawn(_square, (results,), nprocs=3, start_method="fork")
    assert list(results) == [0, 1, 4]
    with pytest.raises(Exception, match="exit code 3"):
        mp.spawn(_fail, nprocs=1, start_method="fork")
    mp.set_sharing_strategy("file_system")
    assert mp.get_sharing_strategy() == "file_system"


def _add_one(tensor):
    tensor.add_(1)


def test_forked_processes_share_a_tensor():
    x = tgb.zeros(2).share_memory_()
    process = tgb.multiprocessing.get_context("fork").Process(target=_add_one, args=(x,))
    process.start()
    process.join()
    assert x.tolist() == [1, 1]


def test_print_options():
    try:
        tgb.set_printoptions(precision=2, sci_mode=False)
        assert repr(tgb.tensor([1e-5, 1.5])) == "tensor([0.00, 1.50])"
        tgb.set_printoptions(threshold=4, edgeitems=1)
        assert repr(tgb.arange(5)) == "tensor([0,  ..., 4])"
        tgb.set_printoptions(profile="full")
        assert repr(tgb.arange(2000)).count(",") == 1999
        with pytest.raises(ValueError, match="profile"):
            tgb.set_printoptions(profile="odd")
    finally:
        tgb.set_printoptions(profile="default")


def test_distributed_training_is_refused_when_it_is_begun():
    with pytest.raises(RuntimeError, match="one process"):
        tgb.nn.parallel.DistributedDataParallel(tgb.nn.Linear(1, 1))


def test_functional_has_the_names_of_the_face():
    from tinygrad_bp import functional
    from tinygrad_bp.functional import einsum

    assert einsum is tgb.einsum and "meshgrid" in dir(functional)
    for name in functional._NAMES:
        assert getattr(functional, name) is getattr(tgb, name)
    with pytest.raises(AttributeError):
        functional.no_such_name
