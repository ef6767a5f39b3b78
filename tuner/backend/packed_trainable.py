"""The Tune trial whose lane is in a pack: a light process that asks and reports.

Imports no torch, so that dozens of them fit a machine beside the one that trains.
"""

import time
from typing import Any

import ray

from models import detectors
from tuner.backend.packs import LaneAllocation
from tuner.backend.trainable import ATTEMPT, REPORT, SETTING, QuietTrainable
from tuner.engine.attempt import Attempt, AttemptGivenUpError, OutOfReachError, Report
from tuner.packing.lane_allocator import DeviceLocation
from tuner.worker.search_setting import TrialSetting

PACKS = "packs"
_WAIT_S = 0.2


class PackedTrialActor(QuietTrainable):
    """Hands attempts to a pack at the place that Tune gave it; a step is a report.

    What ends a trial is in the report. An exception here means that the pack is gone: the attempt
    is lost, and the trial goes on from its checkpoint in another.
    """

    def setup(self, config: dict[str, Any]) -> None:
        """Find the registry; a lane is allocated at the first step."""
        self._setting: TrialSetting = config[SETTING]
        self._registry = ray.get_actor(config[PACKS])
        self._attempt: Attempt = config[ATTEMPT]
        self._lane: LaneAllocation | None = None

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take on the next attempt in the same process; it may sit in another pack."""
        self._attempt = new_config[ATTEMPT]
        self._lane = None
        return True

    def step(self) -> dict[str, Any]:
        """Ask the pack for the next report."""
        lane = self._lane or self._wait_for_lane()
        try:
            report: Report = ray.get(lane.pack.next_report.remote(self._attempt))
        except (AttemptGivenUpError, OutOfReachError):  # the pack itself is well
            raise
        except ray.exceptions.RayError:
            ray.get(self._registry.lost.remote(lane.name))
            raise
        if lane is not self._lane and lane.watched:
            self._registry.reported.remote(self._attempt.number)
        self._lane = lane
        return {REPORT: report}

    def _wait_for_lane(self) -> LaneAllocation:
        context = ray.get_runtime_context()
        gpus = context.get_accelerator_ids().get("GPU") or [""]
        place = DeviceLocation(node=context.get_node_id(), device=str(gpus[0]))
        values = detectors.structure(self._setting.detector, self._attempt.hyperparameters)
        asked = (self._attempt.number, self._attempt.attempt, place, tuple(sorted(values.items())))
        while (lane := ray.get(self._registry.allocate.remote(*asked))) is None:
            time.sleep(_WAIT_S)
        found: LaneAllocation = lane
        return found
