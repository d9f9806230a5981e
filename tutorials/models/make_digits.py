#!/usr/bin/python3
"""make_digits.py -- trains the model of the tour, the tutorials and the tests, and writes it.

A small residual network that reads scikit-learn's handwritten digits, 8x8 pixels, upscaled to
32x32. Training is written in numpy, in float32, and takes about a minute on one core. Nothing of
this is needed to build, run or test the workbench: what it writes is in the repository.

    apt-get install python3-numpy python3-sklearn python3-onnx libopenblas0-pthread
    /usr/bin/python3 tutorials/models/make_digits.py

It writes beside itself
    digits.onnx            opset 13, batch 1: input [1, 1, 32, 32], output digit [1, 10]
    digits_samples.npy     64 held-out images, float32 [64, 1, 32, 32]
    digits_labels.npy      what they show, int64 [64]
    digits_outputs.npy     what the network answers, float32 [64, 10], computed here in float64
    digit.pgm              the first of them as a picture, 8 bits a pixel
and ends with an error if fewer than 97 % of the held-out images are read right.

Every random number comes from one seed and BLAS runs on one thread, so that two runs on one
machine write the same bytes; another BLAS may round differently.
"""
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import onnx
from numpy.lib.stride_tricks import sliding_window_view
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits

SEED, EPOCHS, BATCH, RATE = 2024, 14, 32, 4e-3
SIDE, EPSILON = 32, 1e-5
HERE = os.path.dirname(os.path.abspath(__file__))


def upscale(images, side):
    """Bilinear with corners aligned to pixel centres: [N, h, w] to [N, side, side]."""
    h = images.shape[1]
    at = np.clip((np.arange(side) + 0.5) * h / side - 0.5, 0, h - 1)
    low = np.minimum(at.astype(int), h - 2)
    part = (at - low).astype(np.float32)
    weight = np.zeros((side, h), np.float32)
    weight[np.arange(side), low] = 1 - part
    weight[np.arange(side), low + 1] += part
    return np.einsum("yh,nhw,xw->nyx", weight, images, weight)


# Layers keep what their backward pass needs, activations are [N, C, H, W], and `grads` returns
# (parameter, its gradient) pairs.


class Conv:
    """3x3, stride 1, padding 1, no bias: batch normalisation follows."""

    def __init__(self, rng, cin, cout):
        self.w = (rng.standard_normal((cout, cin, 3, 3)) * np.sqrt(2 / (cin * 9))).astype(np.float32)

    @staticmethod
    def columns(x):
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = sliding_window_view(padded, (3, 3), axis=(2, 3))
        n, c, h, w = windows.shape[:4]
        return windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * h * w, c * 9)

    def forward(self, x, training):
        n, _, h, w = x.shape
        self.cols = self.columns(x)
        y = self.cols @ self.w.reshape(len(self.w), -1).T
        return y.reshape(n, h, w, -1).transpose(0, 3, 1, 2)

    def backward(self, dy):
        flat = dy.transpose(0, 2, 3, 1).reshape(-1, dy.shape[1])
        self.dw = (flat.T @ self.cols).reshape(self.w.shape)
        flipped = self.w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3).reshape(self.w.shape[1], -1)
        n, _, h, w = dy.shape
        return (self.columns(dy) @ flipped.T).reshape(n, h, w, -1).transpose(0, 3, 1, 2)

    def grads(self):
        return [(self.w, self.dw)]


class BatchNorm:
    def __init__(self, channels):
        self.scale, self.shift = np.ones(channels, np.float32), np.zeros(channels, np.float32)
        self.mean, self.var = np.zeros(channels, np.float32), np.ones(channels, np.float32)

    def forward(self, x, training):
        if training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3))
            self.mean += 0.1 * (mean - self.mean)
            self.var += 0.1 * (var - self.var)
        else:
            mean, var = self.mean.astype(x.dtype), self.var.astype(x.dtype)
        self.inv = 1 / np.sqrt(var + np.asarray(EPSILON, x.dtype))
        self.unit = (x - mean[:, None, None]) * self.inv[:, None, None]
        return self.unit * self.scale[:, None, None] + self.shift[:, None, None]

    def backward(self, dy):
        self.dscale, self.dshift = (dy * self.unit).sum((0, 2, 3)), dy.sum((0, 2, 3))
        count = dy.size // dy.shape[1]
        inner = dy - (self.dshift[:, None, None] + self.unit * self.dscale[:, None, None]) / count
        return inner * (self.scale * self.inv)[:, None, None]

    def grads(self):
        return [(self.scale, self.dscale), (self.shift, self.dshift)]


class Relu:
    def forward(self, x, training):
        self.on = x > 0
        return x * self.on

    def backward(self, dy):
        return dy * self.on

    def grads(self):
        return []


class MaxPool:
    """2x2, stride 2."""

    def forward(self, x, training):
        n, c, h, w = x.shape
        tiles = x.reshape(n, c, h // 2, 2, w // 2, 2)
        y = tiles.max((3, 5))
        self.hit = tiles == y[:, :, :, None, :, None]
        return y

    def backward(self, dy):
        n, c, h, _, w, _ = self.hit.shape
        share = dy / self.hit.sum((3, 5)).clip(1)
        return (self.hit * share[:, :, :, None, :, None]).reshape(n, c, 2 * h, 2 * w).astype(dy.dtype)

    def grads(self):
        return []


class Linear:
    """All values of an image to ten scores."""

    def __init__(self, rng, width):
        self.w = (rng.standard_normal((10, width)) * np.sqrt(1 / width)).astype(np.float32)
        self.b = np.zeros(10, np.float32)

    def forward(self, x, training):
        self.shape, self.flat = x.shape, x.reshape(len(x), -1)
        return self.flat @ self.w.T + self.b

    def backward(self, dy):
        self.dw, self.db = dy.T @ self.flat, dy.sum(0)
        return (dy @ self.w).reshape(self.shape)

    def grads(self):
        return [(self.w, self.dw), (self.b, self.db)]


class Net:
    """conv1 bn relu, conv2 bn relu pool, conv3 bn, plus what went into conv3, relu, pool, linear."""

    def __init__(self, rng):
        self.conv1, self.bn1 = Conv(rng, 1, 16), BatchNorm(16)
        self.conv2, self.bn2 = Conv(rng, 16, 32), BatchNorm(32)
        self.conv3, self.bn3 = Conv(rng, 32, 32), BatchNorm(32)
        self.fc = Linear(rng, 32 * (SIDE // 4) ** 2)
        self.before = [self.conv1, self.bn1, Relu(), self.conv2, self.bn2, Relu(), MaxPool()]
        self.branch, self.after = [self.conv3, self.bn3], [Relu(), MaxPool(), self.fc]

    def forward(self, x, training=False):
        for layer in self.before:
            x = layer.forward(x, training)
        y = x
        for layer in self.branch:
            y = layer.forward(y, training)
        y = x + y
        for layer in self.after:
            y = layer.forward(y, training)
        return y

    def backward(self, d):
        for layer in reversed(self.after):
            d = layer.backward(d)
        inner = d
        for layer in reversed(self.branch):
            inner = layer.backward(inner)
        d = d + inner
        for layer in reversed(self.before):
            d = layer.backward(d)

    def grads(self):
        layers = self.before + self.branch + self.after
        return [pair for layer in layers for pair in layer.grads()]


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def shifted(rng, images):
    """Each image moved by up to two pixels either way."""
    padded = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))
    moved = np.empty_like(images)
    for i, (dy, dx) in enumerate(rng.integers(0, 5, (len(images), 2))):
        moved[i] = padded[i, :, dy : dy + SIDE, dx : dx + SIDE]
    return moved


def train(net, rng, images, labels):
    first, second, step = {}, {}, 0
    steps = EPOCHS * (len(images) // BATCH)
    for epoch in range(EPOCHS):
        order, loss = rng.permutation(len(images)), 0.0
        for start in range(0, len(images) - BATCH + 1, BATCH):
            pick = order[start : start + BATCH]
            p = softmax(net.forward(shifted(rng, images[pick]), training=True))
            loss -= float(np.log(p[np.arange(BATCH), labels[pick]] + 1e-9).mean())
            p[np.arange(BATCH), labels[pick]] -= 1
            net.backward(p / np.float32(BATCH))
            rate = RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
            step += 1
            for i, (value, grad) in enumerate(net.grads()):  # Adam
                first[i] = 0.9 * first.get(i, 0) + 0.1 * grad
                second[i] = 0.999 * second.get(i, 0) + 0.001 * grad * grad
                unbiased = np.sqrt(second[i] / (1 - 0.999**step)) + 1e-8
                value -= (rate * first[i] / (1 - 0.9**step) / unbiased).astype(np.float32)
        print(f"epoch {epoch + 1:2} of {EPOCHS}: loss {loss / (len(images) // BATCH):.4f}", flush=True)


def accuracy(net, images, labels):
    answers = [net.forward(images[i : i + 64]).argmax(1) for i in range(0, len(images), 64)]
    return float((np.concatenate(answers) == labels).mean())


def to_onnx(net):
    weights, nodes = [], []

    def keep(name, value):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
        return name

    def node(op, inputs, output, name, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], name=name, **attributes))
        return output

    def conv_bn(x, number):
        conv, bn = getattr(net, f"conv{number}"), getattr(net, f"bn{number}")
        x = node("Conv", [x, keep(f"conv{number}.weight", conv.w)], f"conv{number}_out",
                 f"conv{number}", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1])
        parts = [("scale", bn.scale), ("shift", bn.shift), ("mean", bn.mean), ("var", bn.var)]
        inputs = [x] + [keep(f"bn{number}.{name}", value) for name, value in parts]
        return node("BatchNormalization", inputs, f"bn{number}_out", f"bn{number}", epsilon=EPSILON)

    x = node("Relu", [conv_bn("image", 1)], "relu1_out", "relu1")
    x = node("Relu", [conv_bn(x, 2)], "relu2_out", "relu2")
    skip = node("MaxPool", [x], "pool1_out", "pool1", kernel_shape=[2, 2], strides=[2, 2])
    x = node("Add", [conv_bn(skip, 3), skip], "add1_out", "add1")
    x = node("Relu", [x], "relu3_out", "relu3")
    x = node("MaxPool", [x], "pool2_out", "pool2", kernel_shape=[2, 2], strides=[2, 2])
    x = node("Flatten", [x], "flat_out", "flatten", axis=1)
    x = node("Gemm", [x, keep("fc.weight", net.fc.w), keep("fc.bias", net.fc.b)], "fc_out", "fc",
             transB=1)
    node("Softmax", [x], "digit", "softmax", axis=1)
    graph = helper.make_graph(
        nodes, "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, SIDE, SIDE])],
        [helper.make_tensor_value_info("digit", TensorProto.FLOAT, [1, 10])], weights)
    model = helper.make_model(graph, producer_name="tvmrepl make_digits.py", ir_version=7,
                              opset_imports=[helper.make_opsetid("", 13)])
    onnx.checker.check_model(model)
    return model


def main():
    digits = load_digits()
    images = upscale((digits.images / 16).astype(np.float32), SIDE)[:, None]
    images = np.ascontiguousarray(images, np.float32)
    labels = digits.target.astype(np.int64)
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(images))
    held, rest = order[:360], order[360:]

    net = Net(rng)
    train(net, rng, images[rest], labels[rest])
    score = accuracy(net, images[held], labels[held])
    print(f"held-out images read right: {100 * score:.2f} % of {len(held)}")
    if score < 0.97:
        raise SystemExit("fewer than 97 %: nothing was written")

    def path(name):
        return os.path.join(HERE, name)

    onnx.save(to_onnx(net), path("digits.onnx"))
    sample = held[:64]
    np.save(path("digits_samples.npy"), images[sample])
    np.save(path("digits_labels.npy"), labels[sample])
    outputs = softmax(net.forward(images[sample].astype(np.float64)))
    np.save(path("digits_outputs.npy"), outputs.astype(np.float32))
    with open(path("digit.pgm"), "wb") as picture:
        picture.write(b"P5\n%d %d\n255\n" % (SIDE, SIDE))
        picture.write((images[sample[0], 0] * 255).round().astype(np.uint8).tobytes())


if __name__ == "__main__":
    main()
