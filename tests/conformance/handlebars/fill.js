// Fills in one template a line: takes [template, data] as JSON, gives [true, text] or [false, why].
const readline = require("node:readline");
const handlebars = require("handlebars");

handlebars.log = () => {};
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const [source, data] = JSON.parse(line);
  let answer;
  try {
    answer = [true, handlebars.compile(source)(data)];
  } catch (problem) {
    answer = [false, problem.message];
  }
  console.log(JSON.stringify(answer));
});
