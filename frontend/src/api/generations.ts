import { client, unwrap } from "./client";
import { GenerationHub } from "./generationHub";

/** The hub of this tab. */
export const generations = new GenerationHub((id) =>
  unwrap(
    client.GET("/api/v1/generations/{generation_id}/", { params: { path: { generation_id: id } } }),
  ),
);

export const cancelGeneration = (id: number) =>
  unwrap(
    client.POST("/api/v1/generations/{generation_id}/cancel/", {
      params: { path: { generation_id: id } },
    }),
  );
