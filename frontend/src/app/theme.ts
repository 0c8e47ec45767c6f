import { createTheme, type CSSVariablesResolver } from "@mantine/core";

const SANS =
  '"Inter Variable", ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const MONO = 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, monospace';

/** The words that Mantine's own buttons need. */
interface Words {
  close: string;
}

/** One accent, cool greys, two weights, borders before shadows. */
export const createAppTheme = (words: Words) =>
  createTheme({
    fontFamily: SANS,
    fontFamilyMonospace: MONO,
    headings: { fontFamily: SANS, fontWeight: "600" },
    fontSizes: { xs: "0.75rem", sm: "0.875rem", md: "0.9375rem", lg: "1.0625rem", xl: "1.25rem" },
    defaultRadius: "md",
    radius: { xs: "3px", sm: "4px", md: "6px", lg: "10px", xl: "14px" },
    primaryColor: "accent",
    primaryShade: { light: 6, dark: 6 },
    black: "#1b1d23",
    colors: {
      accent: [
        "#eef0fd",
        "#dfe3fb",
        "#bfc7f6",
        "#a3adf2",
        "#8593ec",
        "#6a7ae4",
        "#4c5fd5",
        "#3f50bb",
        "#34429a",
        "#29347a",
      ],
      gray: [
        "#f8f8fa",
        "#f1f2f4",
        "#e7e8ec",
        "#dadce2",
        "#c5c8d0",
        "#9aa0ac",
        "#5f6672",
        "#474c57",
        "#2f333b",
        "#1b1d23",
      ],
      // White on its sixth can be read.
      red: [
        "#fff5f5",
        "#ffe3e3",
        "#ffc9c9",
        "#ffa8a8",
        "#ff8787",
        "#f03e3e",
        "#c92a2a",
        "#b02525",
        "#962020",
        "#7a1a1a",
      ],
      dark: [
        "#e4e5e9",
        "#c0c4cc",
        "#9ba1ad",
        "#7a808c",
        "#33363f",
        "#2a2d34",
        "#1f2126",
        "#17181c",
        "#121317",
        "#0d0e11",
      ],
    },
    respectReducedMotion: true,
    cursorType: "pointer",
    components: {
      Button: { defaultProps: { size: "sm", fw: 500 } },
      Tooltip: { defaultProps: { openDelay: 350, withArrow: false, position: "top" } },
      Modal: {
        defaultProps: {
          centered: true,
          overlayProps: { backgroundOpacity: 0.35 },
          closeButtonProps: { "aria-label": words.close },
        },
      },
      // Each is a <header> outside of any section, which would make it a second banner of the page.
      ModalHeader: { defaultProps: { role: "presentation" } },
      DrawerHeader: { defaultProps: { role: "presentation" } },
      Drawer: { defaultProps: { closeButtonProps: { "aria-label": words.close } } },
      Notification: { defaultProps: { closeButtonProps: { "aria-label": words.close } } },
      Menu: {
        defaultProps: {
          shadow: "md",
          width: 240,
          // Where it was opened from, and so inside that landmark of the page.
          withinPortal: false,
          // A menu may hold nothing but its items.
          withInitialFocusPlaceholder: false,
        },
      },
      // What scrolls can be scrolled by key.
      TableScrollContainer: {
        defaultProps: { scrollAreaProps: { viewportProps: { tabIndex: 0 } } },
      },
    },
  });

/** Mantine's own placeholder grey is too faint for text that people must read. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-placeholder": "#646b78",
    "--mantine-color-dimmed": "#5f6672",
    "--mantine-color-anchor": "#3f50bb",
    "--mantine-color-error": "#c92a2a",
    "--labelhub-line": "#e4e5ea",
    "--labelhub-surface": "#f8f8fa",
    "--labelhub-accent-text": "#3f50bb",
    "--labelhub-accent-soft": "#eef0fd",
    "--labelhub-code": "#f5f5f8",
    "--labelhub-code-keyword": "#8a2c86",
    "--labelhub-code-string": "#1d6b42",
    "--labelhub-code-number": "#9a4a10",
  },
  dark: {
    "--mantine-color-placeholder": "#9399a5",
    "--mantine-color-dimmed": "#9ba1ad",
    "--mantine-color-anchor": "#a3adf2",
    "--mantine-color-error": "#ff8787",
    "--labelhub-line": "#2b2d34",
    "--labelhub-surface": "#1c1d22",
    "--labelhub-accent-text": "#a3adf2",
    "--labelhub-accent-soft": "#262b4b",
    "--labelhub-code": "#1f2126",
    "--labelhub-code-keyword": "#d699e0",
    "--labelhub-code-string": "#8fcfa5",
    "--labelhub-code-number": "#e6b07e",
  },
});
