"""An optimizer's state and options as plain dictionaries, and back."""

from __future__ import annotations

from collections import defaultdict
from copy import deepcopy
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .hooks import OptimizerHooks

__all__ = ["Saved"]


class Saved(OptimizerHooks):
    """What can be saved and loaded of an optimizer."""

    defaults: dict[str, Any]
    state: defaultdict[Any, dict[str, Any]]
    param_groups: list[dict[str, Any]]

    #: Names of the state that has a parameter's shape.
    _like_parameter: tuple[str, ...] = ()

    def state_dict(self) -> dict[str, Any]:
        """Return state and options as plain dictionaries, in PyTorch's layout.

        Returns
        -------
        dict
            "state": number of a parameter -> what is remembered of it; "param_groups": the options,
            with the numbers of the parameters.
        """
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        number: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            packed = {option: value for option, value in group.items() if option != "params"}
            for parameter in group["params"]:
                number.setdefault(id(parameter), len(number))
            packed["params"] = [number[id(parameter)] for parameter in group["params"]]
            groups.append(packed)
        state = {number.get(id(key), key): value for key, value in self.state.items()}
        saved = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            saved = hook(self, saved) or saved
        return saved

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a copy of what :meth:`state_dict` returned.

        Raises
        ------
        ValueError
            If groups or their lengths differ from this optimizer's.
        """
        state_dict = dict(state_dict)
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            state_dict = hook(self, state_dict) or state_dict
        saved = deepcopy(state_dict["param_groups"])
        mine = self.param_groups
        if len(saved) != len(mine):
            raise ValueError(
                f"loaded state dict has a different number of parameter groups: {len(saved)}, here "
                f"{len(mine)}"
            )
        for i, (theirs, ours) in enumerate(zip(saved, mine, strict=True)):
            if len(theirs["params"]) != len(ours["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of "
                    f"optimizer's group: group {i} has {len(theirs['params'])} parameters, here "
                    f"{len(ours['params'])}"
                )
        parameter_of = {
            number: parameter
            for theirs, ours in zip(saved, mine, strict=True)
            for number, parameter in zip(theirs["params"], ours["params"], strict=True)
        }
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            parameter = parameter_of.get(key)
            if parameter is None:
                state[key] = deepcopy(value)
            else:
                state[parameter] = {
                    name: self._taken(parameter, name, member) for name, member in value.items()
                }
        for theirs, ours in zip(saved, mine, strict=True):
            theirs["params"] = ours["params"]
            if "param_names" in ours:
                theirs.setdefault("param_names", ours["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def _taken(self, parameter: Tensor, name: str, member: Any) -> Any:
        """Copy one piece of state, in the dtype of its parameter (the step count keeps its own)."""
        if isinstance(member, (list, tuple)):
            return type(member)(self._taken(parameter, name, each) for each in member)
        if not isinstance(member, Tensor) and not hasattr(member, "__array__"):
            return deepcopy(member)
        array = np.asarray(member.detach() if isinstance(member, Tensor) else member).copy()
        if name in self._like_parameter and array.shape != parameter._array.shape:
            raise ValueError(
                f"loaded state dict has {name!r} of shape {array.shape} for a parameter of "
                f"shape {parameter._array.shape}"
            )
        if name != "step" and parameter.is_floating_point():
            array = array.astype(parameter._array.dtype, copy=False)
        return wrap(array)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Subclasses extend this to complete groups that an older version of theirs has saved.
        self.__dict__.update(state)
        self._prepare_hooks()
