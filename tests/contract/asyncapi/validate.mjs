// Reads {documents: [text], schemas: [{schema, valid: [value], invalid: [value]}]} and writes what the AsyncAPI
// project's parser says of each document, and what ajv says of each schema and of the values.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const { documents, schemas } = JSON.parse(readFileSync(0, "utf8"));

const parser = new Parser();

async function diagnosed(text) {
  const { document, diagnostics } = await parser.parse(text);
  return {
    isUnderstood: document !== undefined,
    operations: document ? document.operations().all().map((one) => [one.id(), one.action()]) : [],
    diagnostics: diagnostics.map(({ code, severity, path, message }) => ({ code, severity, path: path.join("/"), message })),
  };
}

function validated({ schema, valid, invalid }) {
  const ajv = addFormats.default(new Ajv2020({ strict: true, strictTypes: true, allErrors: true }));
  ajv.addVocabulary(["x-nos-systems"]);
  const validate = ajv.compile(schema);
  return {
    refused: valid.filter((value) => !validate(value)).map((value) => ({ value, errors: validate.errors })),
    accepted: invalid.filter((value) => validate(value)),
  };
}

const answer = { documents: await Promise.all(documents.map(diagnosed)), schemas: schemas.map(validated) };
process.stdout.write(JSON.stringify(answer));
