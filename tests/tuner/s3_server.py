"""S3 for tests: moto's server on this machine, with credentials that must show up nowhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import pytest

SECRET = "planted-secret-that-no-file-may-hold"


@contextmanager
def s3_bucket(monkeypatch: pytest.MonkeyPatch, bucket: str = "searches") -> Iterator[str]:
    """Serve S3 on loopback with one bucket; yields the storage's name for `--storage`."""
    server = pytest.importorskip("moto.server", reason="needs moto[server]").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    from pyarrow import fs

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        urlopen(f"{endpoint}/moto-api/reset", data=b"")  # it shares its state with the one before
        fs.S3FileSystem(
            endpoint_override=endpoint, region="us-east-1", allow_bucket_creation=True
        ).create_dir(bucket)
        yield f"s3://{bucket}/team?region=us-east-1&endpoint_override={endpoint}"
    finally:
        server.stop()
