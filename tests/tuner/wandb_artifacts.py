"""The part of W&B's stand-in that keeps artifacts, and speaks as much as wandb 0.31 asks for.

As on W&B's own server, one whose content is that of the newest of its name is that one again.
"""

from dataclasses import dataclass, field
from typing import Any

MANIFEST = "wandb_manifest.json"


@dataclass
class OnlineArtifact:
    """A version of an artifact; `manifest` names its files and their digests."""

    id: str
    run: str
    name: str
    type: str
    digest: str
    state: str = "PENDING"
    files: dict[str, bytes] = field(default_factory=dict)


class Artifacts:
    """All versions, oldest first."""

    def __init__(self) -> None:
        self.versions: list[OnlineArtifact] = []

    def of_type(self, kind: str) -> list[OnlineArtifact]:
        """The versions that are whole."""
        return [one for one in self.versions if (one.type, one.state) == (kind, "COMMITTED")]

    def answer(self, operation: str, told: dict[str, Any], url: str) -> dict[str, Any] | None:
        """What the server says to an operation on artifacts; None to any other."""
        match operation:
            case "ArtifactType":
                return {"project": {"artifact": None}}
            case "CreateArtifact":
                return {"createArtifact": {"artifact": self._create(told["input"])}}
            case "CreateArtifactManifest" | "UpdateArtifactManifest":
                # Of a manifest's id only the client makes use: here it is the artifact's.
                artifact_id = told.get("artifactManifestID") or told["artifactID"]
                file = {"id": "manifest", **_place(url, artifact_id, MANIFEST)}
                manifest = {"artifactManifest": {"id": artifact_id, "file": file}}
                return {f"{operation[0].lower()}{operation[1:]}": manifest}
            case "CreateArtifactFiles":
                edges = [
                    {"node": self._file(url, wanted)} for wanted in told["input"]["artifactFiles"]
                ]
                return {"createArtifactFiles": {"files": {"edges": edges}}}
            case "CommitArtifact":
                artifact = self._of(told["artifactID"])
                artifact.state = "COMMITTED"
                return {"commitArtifact": {"artifact": {"id": artifact.id, "digest": ""}}}
        return None

    def keep(self, artifact_id: str, name: str, content: bytes) -> None:
        """Take in a file."""
        self._of(artifact_id).files[name] = content

    def _of(self, artifact_id: str) -> OnlineArtifact:
        return next(one for one in self.versions if one.id == artifact_id)

    def _create(self, told: dict[str, Any]) -> dict[str, Any]:
        name = told["artifactCollectionName"]
        before = [one for one in self.of_type(told["artifactTypeName"]) if one.name == name]
        if not before or before[-1].digest != told["digest"]:
            number = f"artifact-{len(self.versions)}"
            new = OnlineArtifact(
                number, told["runName"], name, told["artifactTypeName"], told["digest"]
            )
            self.versions.append(new)
            before.append(new)
        newest = {"latestArtifact": {"id": before[-2].id} if len(before) > 1 else None}
        found = before[-1]
        return {"id": found.id, "state": found.state, "artifactSequence": newest}

    def _file(self, url: str, wanted: dict[str, Any]) -> dict[str, Any]:
        artifact_id, name = wanted["artifactID"], wanted["name"]
        file = {"storagePath": name, "uploadMultipartUrls": None, "artifact": {"id": artifact_id}}
        return file | _place(url, artifact_id, name)


def _place(url: str, artifact_id: str, name: str) -> dict[str, Any]:
    return {"uploadUrl": f"{url}/artifact/{artifact_id}/{name}", "uploadHeaders": []}
