"""A folder of images becomes features through any backbone, and is not computed twice."""

import hashlib
import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as tensors_as_bytes

from kgzsl.contracts import FloatArray
from kgzsl.display.progress import progress
from kgzsl.errors import (
    DataMissingError,
    InputFormatError,
    IntegrityError,
    LimitExceededError,
    MissingDependencyError,
    NumericError,
    SourceError,
    listing,
)
from kgzsl.evaluation.data_arrays import tensor_arrays
from kgzsl.evaluation.data_checks import coded, files_sha256
from kgzsl.evaluation.data_set import Dataset
from kgzsl.replacing import replace_file

__all__ = ["IMAGE_SUFFIXES", "image_files", "read_images"]

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm")
_MEAN, _SPREAD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
_SPLIT_FOLDERS = {"train", "val", "valid", "validation", "test", "test_seen", "test_unseen", "trainval"}

Loader = Callable[[Path], Any]


def read_images(
    folder: str | Path,
    backbone: Callable[[Any], Any],
    *,
    transform: Loader | None = None,
    size: int = 224,
    batch_size: int = 32,
    cache: str | Path | None = None,
    backbone_id: str | None = None,
    show_progress: bool | None = None,
) -> Dataset:
    """Features of `folder/<class>/<image>`, or of `folder/<split>/<class>/<image>` for splits such as train and test.

    `backbone` takes a batch and gives a row for each image. A network of torchvision, timm or your own, with its last
    layer taken off, is called in evaluation mode with a tensor on its own device, and left as it was found; any other
    callable gets a float32 array `[batch, 3, size, size]`. `transform(path)` gives one image as an array or tensor;
    None reads it with Pillow (`pip install pillow`): RGB, the shorter side scaled to `size * 256 / 224`, the middle cut
    out, and scaled by the mean and deviation of ImageNet, as these networks were trained with.

    With a `cache` folder the features are kept in a file whose name is a hash of all images (path and content), of the
    backbone and of the transform. A network is known by its parameters and its printed form; another callable needs a
    `backbone_id` that you change whenever it would give other numbers, and so does a `transform` of your own.

    Images are in the order of their paths. `SourceError` lists the images that cannot be read, all at once.
    """
    place = Path(folder)
    files, labels, splits = image_files(place)
    digest = _named_sha256(place, files)
    cached = _cached_place(cache, digest, backbone, transform, size, backbone_id)
    features = _kept(cached, len(files))
    was_cached = features is not None
    if features is None:
        loader = transform or _pillow_loader(size)
        features = _computed(files, backbone, loader, batch_size, show_progress)
        if cached is not None:
            _keep(cached, features)
    classes, places = coded(labels, place)
    return Dataset(
        classes=classes,
        features=features,
        labels=places,
        splits={name: np.flatnonzero(np.array(splits) == name) for name in sorted(set(splits) - {""})},
        names=tuple(file.relative_to(place).as_posix() for file in files),
        source=str(folder),
        sha256=digest,
        report={"from_cache": int(was_cached)},
    )


def image_files(folder: Path) -> tuple[list[Path], list[str], list[str]]:
    """Images of a folder in the order of their paths, with class and split of each; split "" where there are none."""
    if not folder.is_dir():
        raise DataMissingError(folder, "no such folder; expected a folder for each class, with images")
    found = sorted(
        (file for file in folder.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file()),
        key=lambda file: file.relative_to(folder).as_posix(),
    )
    parts = [file.relative_to(folder).parts for file in found]
    if not found or min(map(len, parts)) < 2:
        loose = [file.name for file, part in zip(found, parts, strict=True) if len(part) < 2]
        told = (
            f"images outside a class's folder: {listing(loose)}" if loose else f"no images ({listing(IMAGE_SUFFIXES)})"
        )
        raise DataMissingError(folder, f"{told}; expected <class>/<image> or <split>/<class>/<image>")
    has_splits = all(len(part) > 2 and part[0].lower() in _SPLIT_FOLDERS for part in parts)
    return found, [part[has_splits] for part in parts], [part[0] if has_splits else "" for part in parts]


def _named_sha256(folder: Path, files: Sequence[Path]) -> str:
    """Of the path in the folder and the content of each file."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(folder).as_posix()}\0{files_sha256([file])}\n".encode())
    return digest.hexdigest()


# -- images to rows ----------------------------------------------------------------------------------------------


def _pillow_loader(size: int) -> Loader:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependencyError("pillow", extra="images", purpose="reading images without a transform") from error
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise InputFormatError(f"size is a number of pixels, not {size!r}")

    def load(path: Path) -> FloatArray:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                image = opened.convert("RGB")
        scale = size * 256 / 224 / min(image.size)
        wide, high = (max(size, round(side * scale)) for side in image.size)
        left, top = (wide - size) // 2, (high - size) // 2
        cut = image.resize((wide, high), Image.Resampling.BILINEAR).crop((left, top, left + size, top + size))
        pixels = np.asarray(cut, dtype=np.float32) / 255
        return np.ascontiguousarray(((pixels - _MEAN) / _SPREAD).transpose(2, 0, 1), dtype=np.float32)

    return load


def _computed(
    files: Sequence[Path], backbone: Callable[[Any], Any], loader: Loader, batch_size: int, show: bool | None
) -> FloatArray:
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise InputFormatError(f"batch_size is a number of images, not {batch_size!r}")
    rows: list[FloatArray] = []
    bad: dict[str, str] = {}
    with _evaluating(backbone) as run, progress(len(files), "images", show=show) as advance:
        for start in range(0, len(files), batch_size):
            part = files[start : start + batch_size]
            images = [image for file in part if (image := _loaded(file, loader, bad)) is not None]
            if not bad:
                rows.append(_rows(run(_stacked(images)), len(part)))
            advance(len(part))
    if bad:
        told = "; ".join(f"{name} ({reason})" for name, reason in list(bad.items())[:10])
        raise SourceError(files[0].parent.parent, f"{len(bad):,} image(s) cannot be read: {told}")
    table = np.concatenate(rows)
    broken = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if len(broken):
        named = listing([files[place].name for place in broken[:10]])
        raise NumericError(f"the backbone gave NaN or infinite values for {len(broken):,} image(s): {named}")
    return table


def _loaded(file: Path, loader: Loader, bad: dict[str, str]) -> Any:
    try:
        return loader(file)
    except (MissingDependencyError, InputFormatError):
        raise
    except Warning as error:  # Pillow's, of an image that would unfold to gigabytes
        raise LimitExceededError(
            file, limit="number of pixels", allowed="what Pillow allows", found=str(error), advice="leave the image out"
        ) from error
    except Exception as error:  # whatever a decoder raises on a broken file
        bad["/".join(file.parts[-2:])] = f"{type(error).__name__}: {error}"[:80]
        return None


def _stacked(images: Sequence[Any]) -> FloatArray:
    arrays = [np.asarray(image, dtype=np.float32) for image in images]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) != 1:
        raise InputFormatError(f"transform gave images of different shapes: {listing(shapes)}")
    return np.stack(arrays)


def _rows(given: Any, expected: int) -> FloatArray:
    """What a backbone gave, as a matrix; feature maps are averaged over their places."""
    found = given.detach().cpu().numpy() if hasattr(given, "detach") else np.asarray(given)
    if found.ndim == 4:
        found = found.mean(axis=(2, 3))
    if found.ndim != 2 or len(found) != expected:
        raise InputFormatError(
            f"the backbone gave shape {found.shape} for {expected:,} images; expected a row for each"
        )
    return np.asarray(found, dtype=np.float32)


@contextmanager
def _evaluating(backbone: Callable[[Any], Any]) -> Iterator[Callable[[NDArray[Any]], Any]]:
    """A callable on arrays. A network is in evaluation mode and keeps no gradients until the block ends."""
    if not _is_network(backbone):
        yield backbone
        return
    network: Any = backbone
    parameters = list(network.parameters())
    modes = [(module, module.training) for module in network.modules()]
    needed = [parameter.requires_grad for parameter in parameters]
    home = parameters[0] if parameters else None
    if home is None:
        raise InputFormatError(f"{type(backbone).__name__} has no parameters; wrap it in a function on arrays")
    try:
        network.eval()
        for parameter in parameters:
            parameter.requires_grad_(False)
        yield lambda images: network(home.new_tensor(images))
    finally:
        for module, mode in modes:
            module.training = mode
        for parameter, was_needed in zip(parameters, needed, strict=True):
            parameter.requires_grad_(was_needed)


def _is_network(backbone: Any) -> bool:
    """Whether it is a torch module, told without importing torch."""
    return all(callable(getattr(backbone, name, None)) for name in ("parameters", "modules", "eval", "state_dict"))


# -- the cache ---------------------------------------------------------------------------------------------------


def _cached_place(
    cache: str | Path | None, digest: str, backbone: Any, transform: Loader | None, size: int, backbone_id: str | None
) -> Path | None:
    if cache is None:
        return None
    is_known = _is_network(backbone) and transform is None
    if backbone_id is None and not is_known:
        what = "backbone" if not _is_network(backbone) else "transform"
        raise InputFormatError(
            f"a cache needs backbone_id= where the {what} is a function: nothing tells when it gives other numbers"
        )
    made = hashlib.sha256(f"{digest}\n{backbone_id or ''}\n{size if transform is None else 'own'}\n".encode())
    if _is_network(backbone):
        made.update(repr(backbone).encode())
        for name, values in sorted(backbone.state_dict().items()):
            array = values.detach().cpu().numpy()
            made.update(f"{name}{array.shape}{array.dtype}".encode() + np.ascontiguousarray(array).tobytes())
        with suppress(OSError, TypeError):  # the printed form does not tell two forward functions apart
            made.update(inspect.getsource(type(backbone)).encode())
    return Path(cache) / f"features-{made.hexdigest()[:32]}.safetensors"


def _kept(place: Path | None, num_images: int) -> FloatArray | None:
    """Features of an earlier call; a file that is damaged is as good as none."""
    if place is None or not place.is_file():
        return None
    try:
        tensors, metadata = tensor_arrays(place)
    except IntegrityError:
        return None
    features = tensors.get("features")
    if features is None or features.ndim != 2 or len(features) != num_images:
        return None
    is_whole = hashlib.sha256(np.ascontiguousarray(features).tobytes()).hexdigest() == metadata.get("sha256")
    return np.asarray(features, dtype=np.float32) if is_whole else None


def _keep(place: Path, features: FloatArray) -> None:
    """Write the file so that a reader finds all of it or nothing."""
    place.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(features.tobytes()).hexdigest()
    replace_file(place, tensors_as_bytes({"features": features}, metadata={"sha256": digest}))
