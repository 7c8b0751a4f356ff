// Lists every address of the interface with what it takes.
const about = await (await fetch("/openapi.json")).json();
const make = (tag, text, parent) => { const made = document.createElement(tag); made.textContent = text; parent.append(made); return made; };
const list = document.getElementById("list");
const shape = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(shape).join(" or ");
  if (schema.enum) return schema.enum.join(" | ");
  return schema.type === "array" ? `list of ${shape(schema.items)}` : schema.type || "";
};
for (const [path, ways] of Object.entries(about.paths)) {
  for (const [method, way] of Object.entries(ways)) {
    const part = make("details", "", list);
    make("summary", `${method.toUpperCase()} ${path}`, part);
    make("p", way.description || way.summary, part);
    for (const given of way.parameters || []) make("p", `${given.name}: ${shape(given.schema)} ${given.description || ""}`, part);
    const body = way.requestBody && Object.values(way.requestBody.content)[0].schema;
    if (body) make("p", `takes ${shape(body)}`, part);
  }
}
for (const [name, schema] of Object.entries(about.components.schemas)) {
  const part = make("details", "", list);
  make("summary", name, part);
  make("p", schema.description || "", part);
  for (const [field, its] of Object.entries(schema.properties || {})) make("p", `${field}: ${shape(its)} ${its.description || ""}`, part);
}
