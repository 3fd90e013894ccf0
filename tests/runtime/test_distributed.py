"""One process: the names are there, and nobody is misled."""

import pytest

import tinygrad_bp as tgb


def test_a_script_that_asks_first_goes_on_alone():
    dist = tgb.distributed
    assert not dist.is_available() and not dist.is_initialized()
    assert not dist.is_nccl_available() and not dist.is_torchelastic_launched()


def test_setting_a_group_up_is_refused():
    with pytest.raises(RuntimeError, match="one process"):
        tgb.distributed.init_process_group("gloo", rank=0, world_size=1)


@pytest.mark.parametrize("name", ["get_rank", "get_world_size", "barrier", "all_reduce"])
def test_without_a_group_the_error_is_pytorchs(name):
    with pytest.raises(ValueError, match="Default process group has not been initialized"):
        getattr(tgb.distributed, name)()
