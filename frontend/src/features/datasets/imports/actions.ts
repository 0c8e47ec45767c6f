import type { Action } from "@/lib/actions";

export interface ImportsContext {
  openForm: () => void;
}

export const newImportAction: Action<ImportsContext> = {
  id: "imports.newImport",
  label: "imports.newImport",
  keys: ["i"],
  perform: ({ openForm }) => openForm(),
};

export const importsActions: readonly Action<ImportsContext>[] = [newImportAction];
