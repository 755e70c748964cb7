"""What is to happen: faults and gates."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mock_providers.checked import Checked
from mock_providers.control.answers import answer, body_of
from mock_providers.control.calls import cursor, seconds
from mock_providers.errors import ControlError
from mock_providers.faults import Fault, Match
from mock_providers.world import World


async def add_fault(world: World, request: Request) -> Response:
    return answer(world.faults.add(await body_of(request)).to_json(), 201)


async def list_faults(world: World, _: Request) -> Response:
    return answer({"faults": [fault.to_json() for fault in world.faults]})


async def remove_fault(world: World, request: Request) -> Response:
    fault = world.faults.remove(request.path_params["id"])
    if fault is None:
        raise ControlError("there is no such fault", hint="GET /_mock/faults lists them", status=404)
    return answer(fault.to_json())


async def clear_faults(world: World, request: Request) -> Response:
    account = (await body_of(request)).get("account") or request.query_params.get("account")
    return answer(removed(world.faults.clear(account)))


def removed(faults: list[Fault]) -> dict[str, Any]:
    """The faults that are gone, and which of them nothing ever met: those showed nothing."""
    return {
        "removed": [fault.to_json() for fault in faults],
        "never_hit": [fault.id for fault in faults if not fault.hits],
    }


async def add_gate(world: World, request: Request) -> Response:
    given = Checked(await body_of(request), where="gate")
    match = Match.from_json(given.any("match", {}))
    given.done()
    return answer(world.gates.add(match).to_json(), 201)


async def list_gates(world: World, _: Request) -> Response:
    return answer({"gates": [gate.to_json() for gate in world.gates]})


async def get_gate(world: World, request: Request) -> Response:
    """One gate; with `met` it answers when so many calls were withheld at it, or when `within` seconds have passed."""
    gate = world.gates.get(request.path_params["id"])
    if gate is None:
        raise _no_gate()
    query = request.query_params
    await gate.until(cursor(query.get("met"), name="met"), within=seconds(query.get("within")))
    return answer(gate.to_json())


async def open_gate(world: World, request: Request) -> Response:
    gate = world.gates.open(request.path_params["id"])
    if gate is None:
        raise _no_gate()
    return answer(gate.to_json())


def _no_gate() -> ControlError:
    return ControlError("there is no such gate", hint="GET /_mock/gates lists the closed ones", status=404)
