"""What every scheduler, backend, listener and storage must keep, as tests for pytest.

    class TestMine(SchedulerContract):
        def make(self) -> EarlyStopping:
            return Mine()

is all that a new one needs; each test's name says what would be broken.
"""
