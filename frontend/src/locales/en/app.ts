export const app = {
  name: "labelhub",
  everywhere: "Everywhere",
  notFoundTitle: "There is no such page",
  notFoundHint: "The address may be old, or the page belongs to a project you are not in.",
  backHome: "Back to your work",
};
