import boundaries from "eslint-plugin-boundaries";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const SHARED = ["components", "hooks", "lib", "api", "locales"];

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/schema.d.ts", "public", "build"] },
  {
    files: ["src/**/*.{ts,tsx}"],
    extends: [...tseslint.configs.strictTypeChecked, jsxA11y.flatConfigs.strict],
    plugins: { boundaries, "react-hooks": reactHooks },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    settings: {
      "import/resolver": { typescript: { project: import.meta.dirname } },
      "boundaries/elements": [
        { type: "app", pattern: "src/app" },
        { type: "feature", pattern: "src/features/*", capture: ["name"] },
        { type: "components", pattern: "src/components" },
        { type: "hooks", pattern: "src/hooks" },
        { type: "lib", pattern: "src/lib" },
        { type: "api", pattern: "src/api" },
        { type: "locales", pattern: "src/locales" },
        { type: "testing", pattern: "src/testing" },
      ],
      "boundaries/files": [{ category: "test", pattern: "**/*.test.{ts,tsx}" }],
    },
    rules: {
      ...reactHooks.configs.recommended.rules,
      // The arrow is app → features → components | hooks | lib | api; one feature never knows another.
      "boundaries/dependencies": [
        "error",
        {
          default: "disallow",
          policies: [
            {
              from: { element: { type: "app" } },
              allow: { to: { element: { types: { anyOf: ["app", "feature", ...SHARED] } } } },
            },
            {
              from: { element: { type: "feature" } },
              allow: { to: { element: { types: { anyOf: SHARED } } } },
            },
            {
              from: { element: { type: "feature" } },
              allow: {
                to: {
                  element: { type: "feature", captured: { name: "{{from.captured.name}}" } },
                },
              },
            },
            {
              from: { element: { type: "components" } },
              allow: { to: { element: { types: { anyOf: SHARED } } } },
            },
            {
              from: { element: { type: "hooks" } },
              allow: { to: { element: { types: { anyOf: ["hooks", "lib", "api", "locales"] } } } },
            },
            {
              from: { element: { type: "api" } },
              allow: { to: { element: { types: { anyOf: ["api", "lib"] } } } },
            },
            {
              from: { element: { type: "lib" } },
              allow: { to: { element: { types: { anyOf: ["lib", "locales"] } } } },
            },
            {
              from: { element: { type: "locales" } },
              allow: { to: { element: { type: "locales" } } },
            },
            {
              from: { element: { type: "testing" } },
              allow: { to: { element: { types: { anyOf: ["testing", "app", ...SHARED] } } } },
            },
            {
              from: { file: { categories: "test" } },
              allow: { to: { element: { types: { anyOf: ["testing"] } } } },
            },
            { allow: { to: { module: { origin: ["external", "core"] } } } },
          ],
        },
      ],
      // Focus goes into a text only where the person has just asked for that text.
      "jsx-a11y/no-autofocus": "off",
      "@typescript-eslint/no-explicit-any": "error",
      // Numbers and booleans read well inside template strings.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Event props take async functions; React does nothing with their result.
      "@typescript-eslint/no-misused-promises": [
        "error",
        { checksVoidReturn: { attributes: false } },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Every word a person reads comes from the catalogue.
      "no-restricted-syntax": [
        "error",
        {
          selector: "JSXText[value=/[A-Za-z]{2,}/]",
          message: "Take the words from the catalogue (src/locales).",
        },
        {
          selector:
            "JSXAttribute[name.name=/^(label|title|placeholder|description|alt|aria-label)$/] > Literal[value=/[A-Za-z]{2,}/]",
          message: "Take the words from the catalogue (src/locales).",
        },
      ],
    },
  },
  {
    files: ["src/**/*.test.{ts,tsx}", "src/testing/**"],
    rules: {
      "no-restricted-syntax": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
);
