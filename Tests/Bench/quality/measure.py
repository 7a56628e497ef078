"""The reference, and how near a picture comes to it.

The reference is made from the original in floating point, in linear light, with colour weighted by alpha. There are two:
the average of the area under each pixel, and Lanczos of three lobes. Both are right ways to make a picture smaller, and a
picture is judged by the one that it is nearer to. Pictures with alpha are judged over white and over a dark page; the
worse of the two counts.

SSIM is that of Wang et al. (2004): luma, Gaussian windows of 11×11 with σ = 1.5. PSNR is of R, G and B.
"""

import numpy
from PIL import Image

Image.MAX_IMAGE_PIXELS = None
PAGES = [(1.0, 1.0, 1.0), (0.118, 0.118, 0.118)]


def light(encoded):
    return numpy.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(numpy.float32)


def encoded(light):
    light = numpy.clip(light, 0, 1)
    return numpy.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055).astype(numpy.float32)


def decoded(source):
    """RGBA, 0…1, sRGB."""
    if isinstance(source, numpy.ndarray):
        unit = source.astype(numpy.float32) / (65535 if source.dtype == numpy.uint16 else 255)
        return numpy.concatenate([unit, numpy.ones_like(unit[..., :1])], -1)
    with Image.open(source) as image:
        return numpy.asarray(image.convert("RGBA"), dtype=numpy.float32) / 255


def box(x):
    return (numpy.abs(x) <= 0.5).astype(float)


def lanczos(x):
    return numpy.where(numpy.abs(x) < 3, numpy.sinc(x) * numpy.sinc(x / 3), 0)


def resized_axis(values, target, kernel, radius):
    """Along the first axis, downwards only."""
    source = values.shape[0]
    ratio = source / target
    result = numpy.empty((target,) + values.shape[1:], dtype=numpy.float32)
    for index in range(target):
        if kernel is box:
            first, last = int(index * ratio), min(source, int(numpy.ceil((index + 1) * ratio - 1e-9)))
            edges = numpy.clip(numpy.arange(first, last + 1), index * ratio, (index + 1) * ratio)
            weights = numpy.diff(edges)
        else:
            center = (index + 0.5) * ratio
            first, last = max(0, int(center - radius * ratio)), min(source, int(center + radius * ratio) + 1)
            weights = kernel((numpy.arange(first, last) + 0.5 - center) / ratio)
        weights = (weights / weights.sum()).astype(numpy.float32)
        result[index] = numpy.tensordot(weights, values[first:last], 1)
    return result


def resized(picture, size, kernel, radius):
    """RGBA of sRGB, in and out; linear light and premultiplied alpha between."""
    alpha = picture[..., 3:]
    values = numpy.concatenate([light(picture[..., :3]) * alpha, alpha], -1)
    values = resized_axis(values, size[1], kernel, radius)
    values = resized_axis(values.swapaxes(0, 1), size[0], kernel, radius).swapaxes(0, 1)
    alpha = numpy.clip(values[..., 3:], 0, 1)
    color = numpy.where(alpha > 0, values[..., :3] / numpy.maximum(alpha, 1e-6), 0)
    return numpy.concatenate([encoded(color), alpha], -1)


def references(picture, size):
    if (picture.shape[1], picture.shape[0]) == size:
        return [picture]
    return [resized(picture, size, box, 0.5), resized(picture, size, lanczos, 3)]


def over(picture, page):
    """As a viewer shows it: most blend encoded values."""
    return picture[..., :3] * picture[..., 3:] + numpy.float32(page) * (1 - picture[..., 3:])


def luma(rgb):
    return rgb @ numpy.float32([0.299, 0.587, 0.114]) * 255


def blurred(values):
    kernel = numpy.exp(-(numpy.arange(-5, 6) ** 2) / (2 * 1.5**2)).astype(numpy.float32)
    kernel /= kernel.sum()
    for axis in (0, 1):
        count = values.shape[axis] - 10
        values = sum(weight * values.take(range(at, at + count), axis) for at, weight in enumerate(kernel))
    return values


def ssim(one, other):
    if min(one.shape) < 11:
        return float(numpy.array_equal(one, other))
    mean_one, mean_other = blurred(one), blurred(other)
    variance_one = blurred(one * one) - mean_one**2
    variance_other = blurred(other * other) - mean_other**2
    covariance = blurred(one * other) - mean_one * mean_other
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    structure = (2 * covariance + c2) / (variance_one + variance_other + c2)
    return float((structure * (2 * mean_one * mean_other + c1) / (mean_one**2 + mean_other**2 + c1)).mean())


def psnr(one, other):
    error = float(((one - other) ** 2).mean())
    return 99.0 if error < 1e-10 else min(99.0, -10 * numpy.log10(error))


def score(picture, references):
    """SSIM and PSNR: the worse page, of the better reference."""
    has_alpha = any((reference[..., 3] < 1).any() for reference in references)
    best = None
    for reference in references:
        pages = [(over(picture, page), over(reference, page)) for page in (PAGES if has_alpha else PAGES[:1])]
        found = min((ssim(luma(one), luma(other)), psnr(one, other)) for one, other in pages)
        best = max(best, found) if best else found
    return best
