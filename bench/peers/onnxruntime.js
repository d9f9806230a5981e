// onnxruntime.js -- a peer for `./dev bench`: a model by ONNX Runtime on one thread, timed on demand.
//
//     node onnxruntime.js FOLDER MODEL INPUT DIMS SECONDS     FOLDER holds node_modules; DIMS is 1x3x224x224
//
// For every line on standard input it runs for at least SECONDS and answers the nanoseconds that one
// run takes on average.
const [folder, model, input, dims, seconds] = process.argv.slice(2);
const ort = require(folder + '/node_modules/onnxruntime-node');

async function main() {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' };
  const session = await ort.InferenceSession.create(model, options);
  const shape = dims.split('x').map(Number);
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 255) / 255);
  const feeds = { [input]: new ort.Tensor('float32', data, shape) };
  await session.run(feeds);
  // Only now: lines that come before somebody iterates would be lost.
  const lines = require('readline').createInterface({ input: process.stdin });
  for await (const _ of lines) {
    const start = process.hrtime.bigint();
    let calls = 0, passed = 0;
    do {
      await session.run(feeds);
      calls++;
      passed = Number(process.hrtime.bigint() - start);
    } while (passed < seconds * 1e9);
    console.log(Math.round(passed / calls));
  }
}
main();
