"""The contract of a storage."""

import os
import pickle
import threading
from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from tuner.storage import Storage, open_storage


class StorageContract(ABC):
    """`place` is the name of an empty storage, by which `open_storage` finds it."""

    @abstractmethod
    @pytest.fixture
    def place(self, tmp_path: Path) -> str:
        """A place of its own for each test."""

    secret: str = ""
    """A word of the credentials, which must not leave the process."""

    @pytest.fixture
    def storage(self, place: str) -> Storage:
        """The storage there, which works."""
        storage = open_storage(place)
        storage.check()
        return storage

    def test_an_object_would_not_come_back_as_it_was_put(self, storage: Storage) -> None:
        """Whole, in part, and after it was replaced."""
        data = os.urandom(200_000)
        storage.put("trials/7/a", data)
        assert storage.get("trials/7/a") == data
        assert storage.get("trials/7/a", limit=10) == data[:10]
        storage.put("trials/7/a", b"new")
        assert storage.get("trials/7/a") == b"new"
        assert storage.modified("trials/7/a") is not None

    def test_an_object_in_parts_would_not_come_back(self, storage: Storage) -> None:
        """Checkpoints of wide networks have hundreds of megabytes."""
        data = os.urandom(1000) * 12_000  # above the size that S3 takes in one request
        storage.put("large", data)
        assert storage.sizes() == {"large": len(data)}
        assert storage.get("large") == data

    def test_what_is_not_there_would_be_an_error(self, storage: Storage) -> None:
        """A trial looks for a checkpoint before there is one."""
        assert storage.get("none") is None
        assert storage.modified("none") is None
        assert storage.sizes("none/") == {}
        storage.delete("none")

    def test_a_list_would_not_name_what_is_there(self, storage: Storage) -> None:
        """By prefix, and only what lies below it."""
        for key in ("trials/1/x", "trials/1/best/y", "trials/10/x", "record"):
            storage.put(key, b"12345")
        assert storage.sizes("trials/1/") == {"trials/1/x": 5, "trials/1/best/y": 5}
        assert set(storage.sizes()) == {
            "trials/1/x",
            "trials/1/best/y",
            "trials/10/x",
            "record",
        }
        storage.delete("trials/1/x")
        assert set(storage.sizes("trials/1/")) == {"trials/1/best/y"}

    def test_two_runs_would_see_each_others_objects(self, storage: Storage) -> None:
        """A search has a part of its own."""
        first, second = storage.within("one"), storage.within("two")
        first.put("a", b"1")
        assert second.get("a") is None
        assert storage.sizes() == {"one/a": 1}
        assert open_storage(first.uri).get("a") == b"1"

    def test_a_worker_would_not_reach_the_storage_it_is_sent(self, storage: Storage) -> None:
        """And credentials stay where they are."""
        storage.put("a", b"1")
        sent = pickle.dumps(storage)
        assert pickle.loads(sent).get("a") == b"1"
        if self.secret:
            assert self.secret.encode() not in sent
            assert self.secret not in storage.uri + repr(storage)

    def test_a_reader_would_see_half_an_object(self, storage: Storage) -> None:
        """A write that is under way is seen whole or not at all."""
        versions = [bytes([letter]) * 300_000 for letter in b"abcdef"]
        storage.put("a", versions[0])
        seen, done = set(), threading.Event()

        def read() -> None:
            reader = open_storage(storage.uri)
            while not done.is_set():
                seen.add(reader.get("a"))

        thread = threading.Thread(target=read)
        thread.start()
        for version in versions * 3:
            storage.put("a", version)
        done.set()
        thread.join()
        assert seen <= set(versions)
        assert seen
