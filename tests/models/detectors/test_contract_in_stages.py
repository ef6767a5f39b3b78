"""Every detector that is trained in several stages keeps the contract.

A new one is found by its folder: nothing has to be changed here.
"""

from models import detectors
from tests.models.detectors.contracts import contracts

globals().update(contracts(name for name in detectors.names() if len(detectors.stages(name)) > 1))
