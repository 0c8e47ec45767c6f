import type { Action } from "@/lib/actions";

export interface DatasetsContext {
  openForm: () => void;
}

export const newExportAction: Action<DatasetsContext> = {
  id: "datasets.newExport",
  label: "datasets.newExport",
  keys: ["e"],
  perform: ({ openForm }) => openForm(),
};

export const datasetsActions: readonly Action<DatasetsContext>[] = [newExportAction];
