declare module "*.css";
export {};
