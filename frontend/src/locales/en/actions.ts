export const actions = {
  sheetTitle: "Keyboard shortcuts",
  characterKeys: "Single-letter keys",
  characterKeysHint: "Switch them off if they get in the way of speech input or a screen reader.",
  typingHint: "Single-letter keys never fire while you are typing.",
  searchPlaceholder: "Find an action or a page",
  nothingFound: "Nothing by that name on this page.",
  openPalette: "Command palette",
  openSheet: "Keyboard shortcuts",
  goHome: "Go to your work",
  goProgress: "Go to progress",
  goDatasets: "Go to datasets",
};
