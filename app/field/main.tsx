import { createRoot } from 'react-dom/client'
import './field.css'
import { FieldApp } from './field-app.tsx'

const root = document.getElementById('root')
if (root) createRoot(root).render(<FieldApp />)
