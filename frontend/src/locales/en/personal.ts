export const personal = {
  title: "Personal data",
  list: "Held rows",
  show: "Which rows",
  waiting: "Waiting",
  decided: "Decided",
  emptyTitle: "Nothing is held",
  emptyHint:
    "When a recipe is counted or frozen, or a file exported, rows in which something looks like personal data are held here until somebody decides.",
  noneDecidedTitle: "Nothing was decided yet",
  noneDecidedHint:
    "Decisions hold for every dataset that is frozen after them, and can be changed.",
  rowsOf: {
    conversation: "Dialogue {{id}}",
    ranking: "Ranking {{id}}",
    prompt: "Prompt {{id}}",
    feedback: "Rewrite {{id}}",
  },
  kinds: {
    email: "e-mail address",
    phone: "phone number",
    card: "card number",
    iban: "account number",
    ip: "IP address",
  },
  gone: "What was found is no longer there.",
  decide: "Decide of {{row}}",
  choices: {
    kept: "Keep as it is",
    blanked: "Blank what was found",
    excluded: "Leave the row out",
  },
  decisions: {
    open: "waiting",
    kept: "kept",
    blanked: "blanked",
    excluded: "left out",
  },
  by: "{{decision}} by {{name}}, {{time}}",
  saved: "{{row}}: {{decision}}",
};
