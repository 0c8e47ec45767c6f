import type { Action } from "@/lib/actions";

export interface RecipesContext {
  openForm: () => void;
}

export const newRecipeAction: Action<RecipesContext> = {
  id: "recipes.newRecipe",
  label: "recipes.newRecipe",
  keys: ["e"],
  perform: ({ openForm }) => openForm(),
};

export const recipesActions: readonly Action<RecipesContext>[] = [newRecipeAction];
