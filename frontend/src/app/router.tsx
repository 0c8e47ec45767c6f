import { createBrowserRouter } from "react-router";

import { NotFoundPage } from "./NotFoundPage";

export function createRouter() {
  return createBrowserRouter([{ path: "*", element: <NotFoundPage /> }]);
}
