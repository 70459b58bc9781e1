// Answers of a head by ONNX Runtime's Node or web (WebAssembly) build, for bench/runtimes.py:
//   node runtimes.mjs FOLDER_WITH_NODE_MODULES PACKAGE HEAD.onnx FEATURES ONEHOT ANSWERS
// FEATURES, ONEHOT and ANSWERS are files of float32 as they lie in memory.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, name, onnx, features, onehot, answers] = process.argv.slice(2);
const ort = createRequire(`${folder}/`)(name);
const options = name === "onnxruntime-web" ? { executionProviders: ["wasm"] } : {};
const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(onnx)), options);
const floats = (path) => new Float32Array(new Uint8Array(readFileSync(path)).buffer);
const order = JSON.parse(process.env.FEATURE_ORDER);
const rows = floats(features).length / order.length;
const tensor = (path) => new ort.Tensor("float32", floats(path), [rows, floats(path).length / rows]);
const { mos } = await session.run({ features: tensor(features), encoder_onehot: tensor(onehot) });
writeFileSync(answers, new Uint8Array(mos.data.buffer, mos.data.byteOffset, mos.data.byteLength));
process.exit(0);
