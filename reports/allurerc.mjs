// Allure 3's settings; where things go is told by `harness report`.
import { readFileSync } from "node:fs";

const rules = JSON.parse(readFileSync(new URL("categories.json", import.meta.url), "utf8"));

export default {
  name: "Messaging verification",
  output: process.env.HARNESS_REPORT_OUTPUT,
  historyPath: process.env.HARNESS_REPORT_HISTORY,
  historyLimit: 50,
  hideLabels: ["host", "thread", "language", "package", "framework"],
  // no quality gate: it can pass silently once a history is kept, so the exit code of `harness verify` is the gate
  categories: { rules },
  plugins: {
    awesome: { options: { groupBy: ["feature"], theme: "auto", reportLanguage: "en" } },
  },
};
